import type { Plan } from '../../scenario/plan.ts';

/** Where a coefficient stands: in every calibration, or in the host times of the engines named. */
export interface CoefficientTarget {
  /** Dotted path inside the calibration card, or inside an engine card's `host`. */
  path: string;
  /** Names of engine cards; absent for the calibration. */
  engines?: readonly string[] | undefined;
}

/**
 * One number that measured rows may move. It is fitted as the logarithm of its ratio to the prior, which is what was
 * believed before: `spread` is the standard deviation of that belief, so that a coefficient few rows speak about stays
 * near it, and no value leaves the bounds.
 */
export interface Coefficient {
  name: string;
  targets: readonly CoefficientTarget[];
  prior: number;
  spread: number;
  low: number;
  high: number;
}

type Tree = { [key: string]: unknown };

/** A copy of a tree of plain data with one leaf replaced; everything off the path is shared. */
function withLeaf(tree: unknown, path: readonly string[], value: number): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const branch = tree as Tree;
  if (branch?.[head] === undefined) throw new Error(`no ${path.join('.')} to fit`);
  return { ...branch, [head]: withLeaf(branch[head], rest, value) };
}

/** The value of each coefficient at a point of the fit's space, inside its bounds. */
export function valuesAt(coefficients: readonly Coefficient[], point: ArrayLike<number>): number[] {
  return coefficients.map(({ prior, low, high }, i) => Math.min(high, Math.max(low, prior * Math.exp(point[i] ?? 0))));
}

/** Where values stand in the fit's space. */
export function pointOf(coefficients: readonly Coefficient[], values: readonly number[]): Float64Array {
  return Float64Array.from(coefficients, ({ prior, low, high }, i) =>
    Math.log(Math.min(high, Math.max(low, values[i] ?? prior)) / prior),
  );
}

/** A plan whose coefficients have other values: nothing else of it depends on them. */
export function planWith(
  plan: Plan,
  engine: string,
  coefficients: readonly Coefficient[],
  values: readonly number[],
): Plan {
  let calibration: unknown = plan.calibration;
  let host: unknown = plan.engine.host;
  coefficients.forEach(({ targets }, i) => {
    const value = values[i] as number;
    for (const { path, engines } of targets) {
      if (engines === undefined) calibration = withLeaf(calibration, path.split('.'), value);
      else if (engines.includes(engine)) host = withLeaf(host, path.split('.'), value);
    }
  });
  return {
    ...plan,
    calibration: calibration as Plan['calibration'],
    engine: { ...plan.engine, host: host as Plan['engine']['host'] },
  };
}
