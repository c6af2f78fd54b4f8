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

/** P(at least `needed` of `trials` succeed). */
export function atLeast(trials: number, needed: number, probability: number): number {
  if (needed > trials) return 0;
  const mass = binomialProbabilities(trials, probability);
  let sum = 0;
  for (let j = trials; j >= needed; j--) sum += mass[j] as number;
  return Math.min(1, sum);
}
