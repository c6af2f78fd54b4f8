import type { Plan } from '../scenario/plan.ts';
import { type LedgerLine, line } from './ledger.ts';
import { priceFactor } from './price-path.ts';

/**
 * People who run the service, at the scenario's one labour rate.
 * @source `people` of the scenario
 * @checkedBy test/acceptance/money.test.ts
 */
export function peopleLines(plan: Plan, month: number): LedgerLine[] {
  const { people } = plan;
  if (people === undefined || people.hoursPerMonth === 0) return [];
  const { hoursPerMonth: quantity, usdPerHour, ratePath } = people;
  const rate = usdPerHour * priceFactor(ratePath, month);
  return [
    line({
      id: 'people',
      label: 'People',
      group: 'people',
      month,
      quantity,
      unit: 'h',
      rate,
      source: 'scenario: people',
    }),
  ];
}

/**
 * The set-up, paid once before month 1, and its share of a month where the scenario spreads it.
 *
 * It enters the loaded cost only if spread: a sum that belongs to no month would otherwise make month 1 look dear.
 *
 * @param month 0 for the payment; from 1 on, the month's share
 * @source `people.setup` and `people.amortize_months` of the scenario
 * @checkedBy test/acceptance/money.test.ts
 */
export function setupLines(plan: Plan, month: number): LedgerLine[] {
  const setup = plan.people?.setupUsd ?? 0;
  if (setup === 0) return [];
  const common = {
    id: 'setup',
    label: 'Set-up',
    group: 'one_off' as const,
    month,
    rate: setup,
    source: 'scenario: people.setup',
  };
  if (month === 0) return [line({ ...common, quantity: 1, unit: 'once', basis: 'cash' })];
  const over = plan.people?.amortizeMonths;
  if (over === undefined || month > over) return [];
  return [line({ ...common, quantity: 1 / over, unit: `of ${over} months`, basis: 'loaded' })];
}

/**
 * What is paid once and for all before month 1.
 * @source the month-0 lines
 */
export function oneOffUsd(plan: Plan): number {
  return setupLines(plan, 0).reduce((sum, entry) => sum + entry.amount, 0);
}
