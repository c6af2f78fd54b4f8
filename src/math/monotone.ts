/**
 * The non-decreasing series nearest to the given one, by least squares: pool adjacent violators.
 *
 * Takes the sampling noise out of a curve that is known to rise.
 *
 * @source Barlow, Bartholomew, Bremner and Brunk 1972, "Statistical inference under order restrictions", sec. 1.2
 */
export function nonDecreasing(values: readonly number[]): number[] {
  const pools: { mean: number; size: number }[] = [];
  for (const value of values) {
    let pool = { mean: value, size: 1 };
    for (let last = pools.at(-1); last !== undefined && last.mean > pool.mean; last = pools.at(-1)) {
      const size = last.size + pool.size;
      pool = { mean: (last.mean * last.size + pool.mean * pool.size) / size, size };
      pools.pop();
    }
    pools.push(pool);
  }
  return pools.flatMap(({ mean, size }) => new Array<number>(size).fill(mean));
}
