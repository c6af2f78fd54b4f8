import { pointOf, type SweepPlan } from '../analysis/sweep-plan.ts';
import { simulateVariant, sweepRow } from '../result/sweep-point.ts';
import type { Lookups } from '../scenario/lookups.ts';
import { InputError } from '../schema/problem.ts';

/** Everything a sweep needs beside the catalog. Plain data, so that it can be sent to a thread. */
export interface SweepJob {
  /** The scenario as written, before the schema filled anything in. */
  raw: unknown;
  plan: SweepPlan;
  seed: number;
}

/** Points `from` up to, not including, `to`. */
export interface Span {
  from: number;
  to: number;
}

/** What became of a span. */
export interface Chunk {
  /** Its rows in order, each as one line of JSON; those before the fault where there is one. */
  lines: string[];
  /** The columns of its rows, in the order in which they first came. */
  columns: string[];
  /** What is wrong with a value of an axis. */
  fault?: string;
  milliseconds: number;
}

/** JSON has no NaN and no infinity; a metric that cannot be known is absent, and a program must not write it. */
function finiteOnly(column: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`${column} is ${value}`);
  return value;
}

/** Runs a part of a sweep. The rows do not depend on which part, or where it runs. */
export function sweepChunk({ raw, plan, seed }: SweepJob, lookups: Lookups, { from, to }: Span): Chunk {
  const started = performance.now();
  const lines: string[] = [];
  const columns = new Set<string>();
  const chunk = (fault?: string): Chunk => ({
    lines,
    columns: [...columns],
    ...(fault === undefined ? {} : { fault }),
    milliseconds: performance.now() - started,
  });
  for (let index = from; index < to; index++) {
    const { shown, settings } = pointOf(plan, index);
    try {
      const row = sweepRow(shown, simulateVariant(raw, settings, lookups, seed));
      for (const column of Object.keys(row)) columns.add(column);
      lines.push(JSON.stringify(row, finiteOnly));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const point = settings.map((setting) => `${setting.path}=${JSON.stringify(setting.value)}`).join(' ');
      return chunk(error.problems.map((problem) => `at --axis ${point}: ${problem.message}`).join('\n'));
    }
  }
  return chunk();
}
