/** Values below this are counted in an array, others in a map. */
const DENSE = 65_536;

/** How often each whole number was seen: exact quantiles in memory that grows with the distinct numbers only. */
export class CountTable {
  count = 0;
  private readonly dense = new Float64Array(DENSE);
  private readonly sparse = new Map<number, number>();

  add(value: number): void {
    this.count += 1;
    if (value < DENSE) this.dense[value] = (this.dense[value] as number) + 1;
    else this.sparse.set(value, (this.sparse.get(value) ?? 0) + 1);
  }

  countOf(value: number): number {
    return (value < DENSE ? this.dense[value] : this.sparse.get(value)) ?? 0;
  }

  /** Distinct values and how often each was seen, in order. */
  rows(): [value: number, count: number][] {
    const dense = [...this.dense.entries()].filter(([, count]) => count > 0);
    return [...dense, ...[...this.sparse].sort(([a], [b]) => a - b)];
  }
}

/**
 * The value below which a share of a counted sample lies, between the two nearest ones in proportion (Hyndman and
 * Fan's type 7). NaN for an empty sample.
 */
export function quantileOfCounts(rows: readonly (readonly [value: number, count: number])[], share: number): number {
  const count = rows.reduce((sum, [, times]) => sum + times, 0);
  const at = share * (count - 1);
  const low = valueAt(rows, Math.floor(at));
  return low + (valueAt(rows, Math.ceil(at)) - low) * (at - Math.floor(at));
}

function valueAt(rows: readonly (readonly [value: number, count: number])[], rank: number): number {
  let before = 0;
  for (const [value, count] of rows) {
    before += count;
    if (rank < before) return value;
  }
  return Number.NaN;
}
