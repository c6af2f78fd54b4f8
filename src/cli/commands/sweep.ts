import { type Axis, parseAxis, settingOf } from '../../analysis/axis.ts';
import { planSweep, pointValues } from '../../analysis/sweep-plan.ts';
import { toCsv } from '../../io/csv.ts';
import { readScenario } from '../../io/scenario-file.ts';
import type { Cell } from '../../result/columns.ts';
import { simulateVariant, sweepRow } from '../../result/sweep-point.ts';
import { InputError } from '../../schema/problem.ts';
import { openLookups } from '../load-plan.ts';
import { type GlobalOptions, note, result, wantsJsonRows } from '../output.ts';
import { startProgress } from '../progress.ts';

/** Points between two looks at the event loop, so that the bar moves and Ctrl-C is heard. */
const BETWEEN_TURNS = 16;

/** Columns in the order rows first bring them, the reason last whichever row brings it. */
function columnsOf(rows: readonly Record<string, Cell>[]): string[] {
  const columns = new Set(rows.flatMap((row) => Object.keys(row)));
  return columns.delete('reason') ? [...columns, 'reason'] : [...columns];
}

/** A grid of scenarios, one row a point. */
export async function sweepScenario(file: string, options: GlobalOptions & { axis: readonly string[] }): Promise<void> {
  if (options.axis.length === 0) {
    throw new InputError([
      { path: [], message: 'a sweep needs an axis, such as --axis traffic.utilization=0.05..1:20' },
    ]);
  }
  const asJson = wantsJsonRows(options);
  const plan = planSweep(options.axis.map((text) => parseAxis(text)));
  for (const warning of plan.axes.flatMap((axis) => axis.warnings)) note(options, `warning: ${warning}`);
  const { raw } = readScenario(file, options);
  const lookups = openLookups();
  const progress = await startProgress('sweep', plan.points, options.quiet === true);
  const rows: Record<string, Cell>[] = [];
  for (let index = 0; index < plan.points; index++) {
    const point = pointValues(plan, index).map((value, i) => ({ axis: plan.axes[i] as Axis, value }));
    const settings = point.map(({ axis, value }) => settingOf(axis, value));
    try {
      const outcome = simulateVariant(raw, settings, lookups, options.seed ?? 0);
      rows.push(
        sweepRow(
          point.map(({ axis, value }) => ({ path: axis.path, value })),
          outcome,
        ),
      );
    } catch (error) {
      progress.stop();
      throw error instanceof InputError ? atPoint(error, settings) : error;
    }
    progress.to(index + 1);
    if (index % BETWEEN_TURNS === 0) await new Promise(setImmediate);
  }
  progress.stop();
  const text = asJson
    ? JSON.stringify({ schema: 'rackrate.sweep/v1', rows }, undefined, 2)
    : toCsv(columnsOf(rows), rows);
  await result(options, text);
}

/** The same problems, with the point of the grid at which they showed. */
function atPoint(error: InputError, settings: readonly { path: string; value: unknown }[]): InputError {
  const point = settings.map((setting) => `${setting.path}=${JSON.stringify(setting.value)}`).join(' ');
  return new InputError(
    error.problems.map((problem) => ({ ...problem, message: `at --axis ${point}: ${problem.message}` })),
  );
}
