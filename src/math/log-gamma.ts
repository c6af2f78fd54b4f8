/** From here on the series below is exact to a double's digits. */
const SERIES_FROM = 10;

/** Bernoulli numbers over their index, B_2k / (2k(2k−1)), k = 1… */
const COEFFICIENTS = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156] as const;

/**
 * ln Γ(x) for x > 0, to about 1e-14: Stirling's series, reached from below by Γ(x + 1) = x·Γ(x).
 *
 * @source Abramowitz and Stegun 1964, "Handbook of Mathematical Functions", 6.1.41 and 6.1.15
 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError('the logarithm of the gamma function is asked for above 0 only');
  let product = 1;
  let z = x;
  while (z < SERIES_FROM) {
    product *= z;
    z += 1;
  }
  let series = 0;
  for (let k = COEFFICIENTS.length - 1; k >= 0; k--) series = series / (z * z) + (COEFFICIENTS[k] as number);
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series / z - Math.log(product);
}
