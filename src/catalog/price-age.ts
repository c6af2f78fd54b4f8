/** Prices of capacity this old are warned about: rents of one part have halved, or risen by a third, in a year. */
export const STALE_MONTHS = 12;

/** Months from one date to a later one, by the calendar. */
export function monthsBetween(from: string, to: string): number {
  const [earlier, later] = [new Date(from), new Date(to)];
  const months = (later.getUTCFullYear() - earlier.getUTCFullYear()) * 12 + later.getUTCMonth() - earlier.getUTCMonth();
  return later.getUTCDate() < earlier.getUTCDate() ? months - 1 : months;
}
