import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import manifest from '../../../package.json' with { type: 'json' };
import { readAxis } from '../../analysis/axis.ts';
import { planSweep, pointOf } from '../../analysis/sweep-plan.ts';
import { catalogDigest } from '../../io/catalog-digest.ts';
import { csvParts } from '../../io/csv.ts';
import { fileStore, memoryStore, type RowStore } from '../../io/row-store.ts';
import { readScenario } from '../../io/scenario-file.ts';
import type { Cell } from '../../result/columns.ts';
import { variantPlan } from '../../result/sweep-point.ts';
import { openLookups } from '../../run/open-lookups.ts';
import { runSweep } from '../../run/sweep.ts';
import type { SweepJob } from '../../run/sweep-chunk.ts';
import type { Plan } from '../../scenario/plan.ts';
import { InputError } from '../../schema/problem.ts';
import { significant } from '../../units/format.ts';
import { EXIT } from '../exit-codes.ts';
import { formOf, type GlobalOptions, note, result, say } from '../output.ts';
import { startProgress } from '../progress.ts';
import { replacedKeys } from '../replaced-keys.ts';

export interface SweepCommandOptions extends GlobalOptions {
  axis: readonly string[];
  workers?: number;
}

/** Fewer points than this for each thread are done before the thread has started. */
const LEAST_FOR_A_THREAD = 8;
const MOST_WORKERS = 256;

function workersFor({ workers }: SweepCommandOptions, points: number): number {
  if (workers === undefined)
    return Math.max(1, Math.min(availableParallelism(), Math.floor(points / LEAST_FOR_A_THREAD)));
  if (workers < 1 || workers > MOST_WORKERS) {
    throw new InputError([{ path: [], message: `--workers ${workers}: expected 1 to ${MOST_WORKERS} threads` }]);
  }
  return workers;
}

/** Whether rows can be kept beside the file they will go to, which a pipe or a device has no place for. */
function isResumable(output: string | undefined): output is string {
  return output !== undefined && output !== '-' && (statSync(output, { throwIfNoEntry: false })?.isFile() ?? true);
}

/**
 * A name for a sweep and all that its rows follow from: the program, the scenario, the axes, every card of the catalog,
 * and what the first point finds in files of its own, such as lengths or a config.json.
 */
function nameOf(job: SweepJob): string {
  const first = firstPlan(job);
  return createHash('sha256')
    .update(JSON.stringify([manifest.version, job, catalogDigest(), first]))
    .digest('hex');
}

/** Undefined where the first point cannot be, which its row says better. */
function firstPlan({ raw, plan }: SweepJob): Plan | undefined {
  try {
    return variantPlan(raw, pointOf(plan, 0).settings, openLookups());
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}

/** The rows, kept beside the file they will go to, so that the same command goes on where it was stopped. */
function openStore(job: SweepJob, output: string | undefined): RowStore {
  return isResumable(output) ? fileStore(`${output}.part`, nameOf(job)) : memoryStore();
}

/** A grid of scenarios, one row a point. */
export async function sweepScenario(file: string, options: SweepCommandOptions): Promise<void> {
  if (options.axis.length === 0) {
    throw new InputError([
      { path: [], message: 'a sweep needs an axis, such as --axis traffic.utilization=0.05..1:20' },
    ]);
  }
  const form = formOf(options, ['csv']) === 'json' ? 'json' : 'csv';
  const plan = planSweep(options.axis.map((text) => readAxis(text)));
  const workers = workersFor(options, plan.points);
  for (const warning of plan.axes.flatMap((axis) => axis.warnings)) note(options, `warning: ${warning}`);
  const { raw } = readScenario(file, options, openLookups());
  const paths = plan.axes.map(({ path }) => path);
  for (const remark of replacedKeys(paths, raw)) note(options, remark);
  const job: SweepJob = { raw, plan, seed: options.seed ?? 0 };
  const store = openStore(job, options.output);
  if (store.rows > 0) note(options, `going on after ${pointsOf(store.rows, plan.points)}`);
  try {
    const signal = await fill(store, job, workers, options.quiet === true);
    if (store.rows > 0) await result(options, textParts(store, form));
    if (signal === undefined) {
      note(options, summary(store, plan.axes));
      store.discard();
    } else sayInterrupted(signal, store.rows, plan.points, options.output);
  } finally {
    store.close();
  }
}

/** Runs what the store lacks; the signal that stopped it, if one did. */
async function fill(
  store: RowStore,
  job: SweepJob,
  workers: number,
  quiet: boolean,
): Promise<'SIGINT' | 'SIGTERM' | undefined> {
  const { points } = job.plan;
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => stop.abort(signal);
  const progress = await startProgress('sweep', points, quiet);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    await runSweep(job, {
      workers,
      from: store.rows,
      stop: stop.signal,
      onPoints: (done) => progress.to(done),
      take({ lines, columns, fault }) {
        store.add(lines, columns);
        if (fault === undefined) return;
        store.discard();
        throw new InputError([{ path: [], message: fault }]);
      },
    });
  } finally {
    progress.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal);
  }
  return stop.signal.aborted ? stop.signal.reason : undefined;
}

const pointsOf = (rows: number, points: number) =>
  `${rows.toLocaleString('en-US')} of ${points.toLocaleString('en-US')} points`;

/** How many points have an answer, and where a token is cheapest. */
function summary(store: RowStore, axes: SweepJob['plan']['axes']): string {
  let answered = 0;
  let best: Record<string, Cell> | undefined;
  for (const row of rowsOf(store)) {
    const price = row['usd_per_mtok_total'];
    if (row['status'] !== 'ok' || typeof price !== 'number') continue;
    answered += 1;
    if (best === undefined || price < Number(best['usd_per_mtok_total'])) best = row;
  }
  const count = `${pointsOf(answered, store.rows)} have an answer`;
  if (best === undefined) return count;
  const at = axes.map(({ path }) => `${path}=${best[path]}`).join(' ');
  return `${count}; cheapest: ${significant(Number(best['usd_per_mtok_total']))} USD/Mtok at ${at}`;
}

function sayInterrupted(signal: 'SIGINT' | 'SIGTERM', rows: number, points: number, output: string | undefined): void {
  process.exitCode = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  const where = isResumable(output) ? '; the same command goes on from there' : '';
  say(`interrupted after ${pointsOf(rows, points)}${where}`);
}

/** The rows as a table; the reason stands last, whichever row brings it. */
function* textParts(store: RowStore, form: 'csv' | 'json'): Generator<string> {
  const columns = [...store.columns].sort((a, b) => Number(a === 'reason') - Number(b === 'reason'));
  if (form === 'csv') {
    yield* csvParts(columns, rowsOf(store));
    return;
  }
  yield '{"schema":"rackrate.sweep/v1","rows":[';
  let separator = '\n';
  for (const line of store.lines()) {
    yield separator + line;
    separator = ',\n';
  }
  yield '\n]}\n';
}

function* rowsOf(store: RowStore): Generator<Record<string, Cell>> {
  for (const line of store.lines()) yield JSON.parse(line) as Record<string, Cell>;
}
