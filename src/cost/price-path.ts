import type { PricePath } from '../schema/price-path.ts';

/** What a year's change leaves of a price, for the part of the year that has gone. */
function yearFactor(yearly: PricePath['yearly'], year: number, part: number): number {
  const change = Array.isArray(yearly) ? (yearly[year] ?? 0) : (yearly ?? 0);
  return (1 + change) ** part;
}

/**
 * A price of a month over that of month 1; 1 where there is no path.
 *
 * @param month 1-based
 * @source product of (1 + change): of each year gone, and of each shock up to the month
 * @checkedBy test/acceptance/price-path.test.ts
 */
export function priceFactor(path: PricePath | undefined, month: number): number {
  if (path === undefined) return 1;
  const years = (month - 1) / 12;
  const whole = Math.floor(years);
  let factor = 1;
  for (let year = 0; year < whole; year++) factor *= yearFactor(path.yearly, year, 1);
  if (path.steps === 'month') factor *= yearFactor(path.yearly, whole, years - whole);
  for (const shock of path.shocks) if (month >= shock.month) factor *= 1 + shock.change;
  return factor;
}
