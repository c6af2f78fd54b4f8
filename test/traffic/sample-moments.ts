/** Mean, coefficient of variation, skewness and excess kurtosis of what is drawn. */
export interface SampleMoments {
  mean: number;
  cv: number;
  skewness: number;
  kurtosis: number;
}

export function sampleMoments(values: readonly number[]): SampleMoments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [second, third, fourth] = [0, 0, 0];
  for (const value of values) {
    const off = value - mean;
    second += off * off;
    third += off * off * off;
    fourth += off * off * off * off;
  }
  const variance = second / values.length;
  return {
    mean,
    cv: Math.sqrt(variance) / mean,
    skewness: third / values.length / variance ** 1.5,
    kurtosis: fourth / values.length / variance ** 2 - 3,
  };
}

export function correlationOf(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [sampleMoments(a), sampleMoments(b)];
  const both = a.reduce((sum, value, i) => sum + (value - x.mean) * ((b[i] as number) - y.mean), 0) / a.length;
  return both / (x.mean * x.cv * y.mean * y.cv);
}

export function draws(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

/** How far a number lies from what it should be, as a share of that. */
export function offBy(found: number, expected: number): number {
  return Math.abs(found / expected - 1);
}
