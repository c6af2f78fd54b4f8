import { normalQuantile } from '../math/normal.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { ColumnSource } from './column-source.ts';
import type { LengthDistribution, LengthPairs, RequestMix } from './plan.ts';

type Traffic = Scenario['traffic'];
type LengthField = NonNullable<Traffic['input_tokens']>;
type FormulaField = Exclude<LengthField, { file: string }>;
type Path = Problem['path'];

/** Stands in where a length is at fault, so that the rest can still be checked. */
const ONE_TOKEN: LengthDistribution = { mean: 1, cv: 0 };

/** Where the lists of a scenario come from, and where what is wrong with them goes. */
export interface LengthReader {
  columns: ColumnSource | undefined;
  problems: Problem[];
}

/**
 * A log-normal from a median and a 95th percentile: sigma = ln(p95/p50)/1.645; evenly between two ends: the variance
 * is a twelfth of the width's square. A fixed number of tokens is a distribution of cv 0.
 */
export function lengthDistribution(field: FormulaField): LengthDistribution {
  if (typeof field === 'number') return { mean: field, cv: 0 };
  if ('mean' in field) return field;
  if ('low' in field) {
    const mean = (field.low + field.high) / 2;
    const cv = (field.high - field.low) / Math.sqrt(12) / mean;
    return { mean, cv, draw: { kind: 'uniform', low: field.low, high: field.high } };
  }
  const sigma = Math.log(field.p95 / field.p50) / normalQuantile(0.95);
  return { mean: field.p50 * Math.exp(sigma ** 2 / 2), cv: Math.sqrt(Math.expm1(sigma ** 2)) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean and CV of a list, which stays what single lengths are drawn from. */
function listDistribution(lengths: readonly number[]): LengthDistribution {
  const mean = meanOf(lengths);
  const variance = meanOf(lengths.map((value) => (value - mean) ** 2));
  return { mean, cv: Math.sqrt(variance) / mean, draw: { kind: 'list', lengths } };
}

/** Correlation of the logarithms; 0 where one of both lengths never varies. */
function logCorrelation({ input, output }: LengthPairs): number {
  const a = input.map(Math.log);
  const b = output.map(Math.log);
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [both, squareA, squareB] = [0, 0, 0];
  a.forEach((value, i) => {
    const [x, y] = [value - meanA, (b[i] as number) - meanB];
    both += x * y;
    squareA += x * x;
    squareB += y * y;
  });
  return squareA > 0 && squareB > 0 ? Math.max(-1, Math.min(1, both / Math.sqrt(squareA * squareB))) : 0;
}

/** Columns of a file; what stands against it is reported by `referenceProblems`. */
function readColumns({ columns }: LengthReader, file: string, names: readonly string[]) {
  const answer = columns?.(file, names);
  return answer?.found === true ? answer.columns : [];
}

const FORMULA_ENDS = [
  ['p50', 'p95'],
  ['low', 'high'],
] as const;

/** One length of the mix; what is wrong with it is added to the reader's problems. */
export function resolveLength(field: LengthField, path: Path, what: string, reader: LengthReader): LengthDistribution {
  if (typeof field === 'object' && 'file' in field) {
    const [lengths] = readColumns(reader, field.file, [field.column]);
    return lengths === undefined ? ONE_TOKEN : listDistribution(lengths);
  }
  for (const [low, high] of FORMULA_ENDS) {
    const ends = field as Record<string, number>;
    if (typeof field !== 'object' || !(low in field) || (ends[high] as number) >= (ends[low] as number)) continue;
    reader.problems.push({ path: [...path, high], message: `${high} cannot lie below ${low}` });
    return ONE_TOKEN;
  }
  const length = lengthDistribution(field);
  if (length.mean >= 1) return length;
  reader.problems.push({ path, message: `a request has at least one ${what} token` });
  return ONE_TOKEN;
}

/** Prompts and answers that were seen together. */
export function resolvePairs(
  field: NonNullable<Traffic['lengths']>,
  reader: LengthReader,
): Pick<RequestMix, 'input' | 'output' | 'pairs' | 'correlation'> {
  const [input, output] = readColumns(reader, field.file, [field.input, field.output]);
  if (input === undefined || output === undefined) return { input: ONE_TOKEN, output: ONE_TOKEN };
  const pairs = { input, output };
  return {
    input: listDistribution(input),
    output: listDistribution(output),
    pairs,
    correlation: logCorrelation(pairs),
  };
}
