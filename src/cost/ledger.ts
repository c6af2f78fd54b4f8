import type { Usd } from '../units/quantity.ts';

export type LedgerGroup = 'capacity' | 'facility' | 'software' | 'people' | 'one_off' | 'overflow';

/**
 * Which views a line belongs to. `marginal` is what ends when the work ends: energy, and what is paid per token. `cash` is the invoice in the month it is paid; `loaded` spreads one-off sums over
 * months. Most lines are in both. Month 0 is before the first month.
 */
export type LedgerBasis = 'cash' | 'loaded' | 'cash and loaded' | 'marginal, cash and loaded';

/** One line of the bill: quantity × rate = amount, in full precision. */
export interface LedgerLine {
  id: string;
  label: string;
  group: LedgerGroup;
  month: number;
  quantity: number;
  unit: string;
  /** USD per unit. */
  rate: number;
  amount: Usd;
  basis: LedgerBasis;
  source: string;
}

type LineInput = Omit<LedgerLine, 'amount' | 'basis'> & { basis?: LedgerBasis };

/**
 * A line whose amount is its quantity times its rate, and nothing else.
 * @source FOCUS 1.2: BilledCost = PricingQuantity · ListUnitPrice
 */
export function line({ id, label, group, month, quantity, unit, rate, source, basis }: LineInput): LedgerLine {
  const amount = quantity * rate;
  return { id, label, group, month, quantity, unit, rate, source, amount, basis: basis ?? 'cash and loaded' };
}

/**
 * Sum of the lines of one view and month; the only way a total is made.
 * @source sum of `amount`
 * @checkedBy test/cost/ledger.test.ts
 */
export function totalUsd(
  lines: readonly LedgerLine[],
  basis: 'marginal' | 'cash' | 'loaded',
  groups?: readonly LedgerGroup[],
): Usd {
  let total = 0;
  for (const entry of lines) {
    if (!entry.basis.includes(basis)) continue;
    if (groups === undefined || groups.includes(entry.group)) total += entry.amount;
  }
  return total;
}
