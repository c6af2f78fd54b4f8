/**
 * The value below which a share of a sample lies, between the two nearest ones in proportion (Hyndman and Fan's type 7,
 * what numpy and most benchmark clients print). NaN for an empty sample.
 */
export function sampleQuantile(values: ArrayLike<number>, share: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}

/** The same for a sample that is in order already. */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}
