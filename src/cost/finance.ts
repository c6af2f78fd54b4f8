import type { Share, Usd } from '../units/quantity.ts';

/**
 * Monthly rate of an effective annual one: (1+r)^(1/12) − 1.
 * @source Brealey, Myers, Allen: effective annual rates compound
 */
export function monthlyRate(annual: Share): number {
  return (1 + annual) ** (1 / 12) - 1;
}

/**
 * Net present value of a sum now and flows at each month's end.
 *
 * @param flows month 1 first
 * @param annual effective annual discount rate
 * @source NPV = Σ CF_t/(1+r)^t
 * @checkedBy test/cost/finance.test.ts
 */
export function netPresentValue(now: Usd, flows: readonly Usd[], annual: Share): Usd {
  const rate = monthlyRate(annual);
  let value = now;
  let factor = 1;
  for (const flow of flows) {
    factor /= 1 + rate;
    value += flow * factor;
  }
  return value;
}
