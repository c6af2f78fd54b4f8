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

/**
 * Yearly charge that pays for an asset over its life and earns the cost of capital: the annuity of the price less the
 * present value of what it is sold for. Paid at each year's end, as a spreadsheet's PMT; a charge paid monthly would be
 * about 4 % lower at 10 %. At 0 % it is the straight line.
 *
 * @param years life
 * @param annual cost of capital
 * @source (C − S/(1+r)^n) · r/(1 − (1+r)^−n), Brealey, Myers, Allen: equivalent annual cost
 * @checkedBy test/cost/finance.test.ts
 */
export function annualCapitalCharge(price: Usd, residual: Usd, years: number, annual: Share): Usd {
  // Below the last digit of 1 the two are the same number, and what is lost to so small a rate may round to nothing.
  if (Math.abs(annual) < Number.EPSILON) return straightLine(price, residual, years);
  // By logarithms, so that a rate near 0 does not round to a division by nothing.
  const lost = -Math.expm1(-years * Math.log1p(annual));
  return (price - residual * (1 - lost)) * (annual / lost);
}

/**
 * Yearly depreciation in the books.
 * @source (C − S)/n
 * @checkedBy test/cost/finance.test.ts
 */
export function straightLine(price: Usd, residual: Usd, years: number): Usd {
  return (price - residual) / years;
}
