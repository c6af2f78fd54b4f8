/** Chances of from, from + 1, … successes, as far as they matter. */
export interface BinomialWindow {
  from: number;
  mass: readonly number[];
}

/** Below this share of the largest, a chance is left out: the sum of all that are is beyond a double's digits. */
const NEGLIGIBLE = 1e-22;

/**
 * Probabilities of j successes in n independent trials, outwards from the mode by the ratio of neighbours until they no
 * longer matter: nothing underflows, and the cost grows with the root of the trials.
 */
export function binomialWindow(trials: number, probability: number): BinomialWindow {
  if (probability <= 0 || probability >= 1) return { from: probability >= 1 ? trials : 0, mass: [1] };
  const odds = probability / (1 - probability);
  const mode = Math.min(trials, Math.floor((trials + 1) * probability));
  const above: number[] = [];
  for (let j = mode, term = 1; j < trials && term > NEGLIGIBLE; j++) {
    term *= ((trials - j) * odds) / (j + 1);
    above.push(term);
  }
  const below: number[] = [];
  for (let j = mode, term = 1; j > 0 && term > NEGLIGIBLE; j--) {
    term *= j / ((trials - j + 1) * odds);
    below.push(term);
  }
  const terms = [...below.reverse(), 1, ...above];
  const sum = terms.reduce((total, term) => total + term, 0);
  return { from: mode - below.length, mass: terms.map((term) => term / sum) };
}

/** Below e to this power a chance no longer has a double's digits to start from. */
const SMALLEST_LOG = -600;

/**
 * P(at least `needed` of `trials` succeed), summed over the failures allowed: few, where a few are spare. Where not even
 * one outcome without failures is likely enough for a double, it is read off the window instead.
 */
export function atLeast(trials: number, needed: number, probability: number): number {
  if (needed > trials) return 0;
  if (needed <= 0 || probability >= 1) return 1;
  if (probability <= 0) return 0;
  const logNoFailure = trials * Math.log(probability);
  const spare = trials - needed;
  if (logNoFailure < SMALLEST_LOG || spare > 1000) return windowedAtLeast(trials, needed, probability);
  const odds = (1 - probability) / probability;
  let term = Math.exp(logNoFailure);
  let sum = term;
  for (let failures = 1; failures <= spare; failures++) {
    term *= (odds * (trials - failures + 1)) / failures;
    sum += term;
  }
  return Math.min(1, sum);
}

function windowedAtLeast(trials: number, needed: number, probability: number): number {
  const { from, mass } = binomialWindow(trials, probability);
  let sum = 0;
  for (let i = mass.length - 1; i >= 0 && from + i >= needed; i--) sum += mass[i] as number;
  return Math.min(1, sum);
}
