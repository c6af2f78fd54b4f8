/** What a fit minimises: weighted residuals in logarithms, made robust, and how far coefficients may stray. */
export interface FitProblem {
  /** Logarithms of the measured values. */
  measured: Float64Array;
  /** How much each row counts; rows of one source share a say, so that a long table does not drown the others. */
  weights: Float64Array;
  /** Standard deviation of the belief in each coefficient, in logarithms. */
  spreads: Float64Array;
  lows: Float64Array;
  highs: Float64Array;
}

/** Residuals beyond this, in logarithms, count in proportion rather than squared (soft L1). */
const ROBUST_SCALE = 0.1;

/** How strongly a prior pulls beside rows whose weights sum to 1. */
const PRIOR_WEIGHT = 0.002;

const softL1 = (z: number) => 2 * (Math.sqrt(1 + z) - 1);

/**
 * Σ w · ρ((predicted − measured)/s) · s² + prior weight · Σ (x/spread)²
 * @source Huber-like soft L1, as in scipy.optimize.least_squares
 */
export function lossOf(problem: FitProblem, predicted: Float64Array, point: Float64Array): number {
  let loss = 0;
  for (let i = 0; i < predicted.length; i++) {
    const z = ((predicted[i] as number) - (problem.measured[i] as number)) / ROBUST_SCALE;
    loss += (problem.weights[i] as number) * softL1(z * z);
  }
  for (let j = 0; j < point.length; j++) {
    const x = (point[j] as number) / (problem.spreads[j] as number);
    loss += PRIOR_WEIGHT * x * x;
  }
  return loss;
}

/** Solves a symmetric positive definite system by Cholesky; the matrix is overwritten. */
function solve(matrix: Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  for (let j = 0; j < n; j++) {
    const row = matrix[j] as Float64Array;
    for (let k = 0; k < j; k++) row[j] = (row[j] as number) - (row[k] as number) ** 2;
    const pivot = Math.sqrt(Math.max(row[j] as number, 1e-12));
    row[j] = pivot;
    for (let i = j + 1; i < n; i++) {
      const below = matrix[i] as Float64Array;
      let sum = below[j] as number;
      for (let k = 0; k < j; k++) sum -= (below[k] as number) * (row[k] as number);
      below[j] = sum / pivot;
    }
  }
  const x = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    const row = matrix[i] as Float64Array;
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - (row[k] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (row[i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++)
      x[i] = (x[i] as number) - ((matrix[k] as Float64Array)[i] as number) * (x[k] as number);
    x[i] = (x[i] as number) / ((matrix[i] as Float64Array)[i] as number);
  }
  return x;
}

/**
 * One damped Gauss-Newton step with robust weights.
 * @param jacobian one array a coefficient: what a unit of it adds to each predicted logarithm
 */
export function gaussNewtonStep(
  problem: FitProblem,
  jacobian: readonly Float64Array[],
  predicted: Float64Array,
  point: Float64Array,
  damping: number,
): Float64Array {
  const n = point.length;
  const rows = predicted.length;
  const matrix = Array.from({ length: n }, () => new Float64Array(n));
  const right = new Float64Array(n);
  const scaled = new Float64Array(rows);
  const pull = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const z = ((predicted[i] as number) - (problem.measured[i] as number)) / ROBUST_SCALE;
    scaled[i] = (problem.weights[i] as number) / Math.sqrt(1 + z * z) / ROBUST_SCALE ** 2;
    pull[i] = -z * ROBUST_SCALE;
  }
  for (let j = 0; j < n; j++) {
    const column = jacobian[j] as Float64Array;
    for (let i = 0; i < rows; i++)
      right[j] = (right[j] as number) + (scaled[i] as number) * (column[i] as number) * (pull[i] as number);
    for (let k = 0; k <= j; k++) {
      const other = jacobian[k] as Float64Array;
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += (scaled[i] as number) * (column[i] as number) * (other[i] as number);
      (matrix[j] as Float64Array)[k] = sum;
      (matrix[k] as Float64Array)[j] = sum;
    }
    const belief = PRIOR_WEIGHT / (problem.spreads[j] as number) ** 2;
    const row = matrix[j] as Float64Array;
    row[j] = (row[j] as number) * (1 + damping) + belief + 1e-9;
    right[j] = (right[j] as number) - belief * (point[j] as number);
  }
  const step = solve(matrix, right);
  return Float64Array.from(point, (x, j) =>
    Math.min(
      problem.highs[j] as number,
      Math.max(problem.lows[j] as number, x + Math.max(-0.5, Math.min(0.5, step[j] as number))),
    ),
  );
}
