/**
 * Probabilities of j successes in n independent trials, j = 0..n, by the recurrence outwards from the mode, so that
 * neither tail underflows into the other and large n stays exact to rounding.
 */
export function binomialProbabilities(trials: number, probability: number): Float64Array {
  const mass = new Float64Array(trials + 1);
  if (probability <= 0 || probability >= 1) {
    mass[probability >= 1 ? trials : 0] = 1;
    return mass;
  }
  const odds = probability / (1 - probability);
  const mode = Math.min(trials, Math.floor((trials + 1) * probability));
  mass[mode] = 1;
  let sum = 1;
  for (let j = mode; j < trials; j++) {
    mass[j + 1] = ((mass[j] as number) * (trials - j) * odds) / (j + 1);
    sum += mass[j + 1] as number;
  }
  for (let j = mode; j > 0; j--) {
    mass[j - 1] = ((mass[j] as number) * j) / ((trials - j + 1) * odds);
    sum += mass[j - 1] as number;
  }
  for (let j = 0; j <= trials; j++) mass[j] = (mass[j] as number) / sum;
  return mass;
}

/**
 * P(at least `needed` of `trials` succeed).
 *
 * Summed over failures, of which only trials − needed + 1 counts matter, so that a large fleet with a few spares costs
 * a few terms. Where no failure at all is too rare for a double, the whole distribution is built from its mode.
 */
export function atLeast(trials: number, needed: number, probability: number): number {
  if (needed > trials) return 0;
  if (needed <= 0 || probability >= 1) return 1;
  if (probability <= 0) return 0;
  const logNoFailure = trials * Math.log(probability);
  if (logNoFailure < -600) {
    const mass = binomialProbabilities(trials, probability);
    let sum = 0;
    for (let j = trials; j >= needed; j--) sum += mass[j] as number;
    return Math.min(1, sum);
  }
  const odds = (1 - probability) / probability;
  let term = Math.exp(logNoFailure);
  let sum = term;
  for (let failures = 1; failures <= trials - needed; failures++) {
    term *= (odds * (trials - failures + 1)) / failures;
    sum += term;
  }
  return Math.min(1, sum);
}
