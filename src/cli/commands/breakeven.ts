import { type Axis, parseAxis, settingOf } from '../../analysis/axis.ts';
import { oneOffUsd } from '../../cost/people-cost.ts';
import { toCsv } from '../../io/csv.ts';
import { locateProblems } from '../../io/scenario-file.ts';
import { breakevenMarkdown } from '../../report/breakeven-markdown.ts';
import { horizonName, volumePhrase } from '../../report/verdict-sentence.ts';
import { breakevenOverHorizons, breakevenOverMonths } from '../../result/breakeven-over-time.ts';
import {
  type BreakevenRow,
  breakevenOverValues,
  breakevenOverVolume,
  isVolumePath,
} from '../../result/breakeven-table.ts';
import type { Cell } from '../../result/columns.ts';
import { outputShareSettings } from '../../scenario/output-share.ts';
import type { Plan } from '../../scenario/plan.ts';
import { InputError, optionError } from '../../schema/problem.ts';
import { formatUsd, significant } from '../../units/format.ts';
import { type LoadedPlan, loadPlan } from '../load-plan.ts';
import { formOf, type GlobalOptions, note, result } from '../output.ts';
import { startProgress } from '../progress.ts';
import { replacedKeys } from '../replaced-keys.ts';

const MOST_MONTHS = 120;

/** From a pilot's load to a large provider's, twelve points a decade, where the person names no axis. */
const DEFAULT_OVER = 'traffic.requests_per_day=1k..100M:61:log';

function horizonsOf(plan: Plan, text: string | undefined): readonly number[] {
  if (text === undefined) return plan.horizonMonths;
  const months = text.split(',').map((word) => Number(word.trim()));
  if (months.some((value) => !Number.isInteger(value) || value < 1 || value > MOST_MONTHS)) {
    throw optionError(`--horizon ${text}`, `expected months such as 1,12,60, each at most ${MOST_MONTHS}`);
  }
  return months;
}

/** One sentence per horizon and offer, from the crossing rows; in tokens a month where the axis is a volume. */
function sentences(axis: Axis, plan: Plan, rows: readonly BreakevenRow[]): string[] {
  const isVolume = isVolumePath(plan, axis.path);
  const groups = new Map<string, BreakevenRow[]>();
  for (const row of rows) {
    if (row.kind === 'curve') continue;
    const over = row.horizon_months === undefined ? '' : ` over ${horizonName(Number(row.horizon_months))}`;
    const name = `${row.comparison}${over}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].map(([name, list]) => `${name}: ${phrase(axis, isVolume, list)}`);
}

/** Where on an axis the own fleet is the cheaper, from the places where the sides change. */
function alongPhrase({ path, unit }: Axis, list: readonly BreakevenRow[]): string {
  const at = (row: BreakevenRow) => {
    const number = significant(Number(row[path]), 4);
    if (path === 'month') return `month ${number}`;
    const measure = path === 'horizon' ? 'months' : unit;
    return measure === undefined ? `${path} ${number}` : `${number} ${measure}`;
  };
  const parts = list.flatMap((row, i) => {
    const next = list[i + 1];
    if (row.cheaper === 'self') return [next === undefined ? `from ${at(row)} on` : `from ${at(row)} to ${at(next)}`];
    return i === 0 ? [`below ${at(row)}`] : [];
  });
  return `self-host is cheaper ${parts.join(', and ')}`;
}

function phrase(axis: Axis, isVolume: boolean, list: readonly BreakevenRow[]): string {
  const [first] = list;
  if (first?.kind === 'none') {
    if (first.cheaper === 'neither') return 'neither is cheaper';
    return first.cheaper === 'self' ? 'self-host is cheaper throughout' : 'self-host is never cheaper';
  }
  if (!isVolume) return alongPhrase(axis, list);
  const numbers = list.map((row) => Number(row.tokens_per_month));
  const intervals: [number, number | null][] = [];
  list.forEach((row, i) => {
    if (row.cheaper === 'self') intervals.push([numbers[i] as number, null]);
    else if (intervals.length > 0) (intervals.at(-1) as [number, number | null])[1] = numbers[i] as number;
  });
  return `self-host is cheaper ${volumePhrase(intervals)}`;
}

/** Where the cheaper side changes along one axis, and both cost curves, as CSV. */
export async function breakevenScenario(
  file: string,
  options: GlobalOptions & { over?: string; horizon?: string },
): Promise<void> {
  const form = formOf(options, ['csv', 'md']);
  const axis = parseAxis(options.over ?? DEFAULT_OVER, '--over');
  for (const warning of axis.warnings) note(options, `warning: ${warning}`);
  const { loaded, lookups, plan } = loadPlan(file, options);
  if (plan.offers.length === 0) {
    throw new InputError([{ path: [], message: `${file}: nothing to break even with; add an API under "compare"` }]);
  }
  const horizons = horizonsOf(plan, options.horizon);
  const rows = await rowsOf(axis, { loaded, lookups, plan }, horizons, options).catch((error: unknown) => {
    throw error instanceof InputError ? locateProblems(loaded, error) : error;
  });
  const said = { remarks: remarks(axis, loaded.raw, plan, horizons), sentences: sentences(axis, plan, rows) };
  const memo = () => breakevenMarkdown({ name: plan.name, over: axis.path, rows, ...said });
  if (form === 'json') await result(options, JSON.stringify({ schema: 'rackrate.breakeven/v1', rows }, undefined, 2));
  else await result(options, form === 'md' ? memo() : toCsv(Object.keys(rows[0] as Record<string, Cell>), rows));
  for (const line of [...said.remarks, ...said.sentences]) note(options, line);
}

/** What a reader who compares the rows with a run's month has to know. */
function remarks({ path }: Axis, raw: unknown, plan: Plan, horizons: readonly number[]): string[] {
  const once = oneOffUsd(plan);
  const hasSpread = once > 0 && path !== 'month' && path !== 'horizon';
  const perMonth = horizons.map((months) => `${formatUsd(once / months)} over ${horizonName(months)}`).join(', ');
  return [
    ...replacedKeys([path], raw),
    ...(hasSpread
      ? [`self_usd_per_month includes the one-off ${formatUsd(once)} USD, spread over each horizon: ${perMonth}`]
      : []),
  ];
}

/** Months of an axis over time, in order. */
function monthsOf({ path, values }: Axis): number[] {
  const months = [...new Set(values.map((value) => Math.round(Number(value))))];
  if (months.some((month) => !Number.isInteger(month) || month < 1 || month > MOST_MONTHS)) {
    throw optionError(`--over ${path}`, `expected whole months from 1 to ${MOST_MONTHS}, such as ${path}=1..60:60`);
  }
  return months.sort((a, b) => a - b);
}

async function rowsOf(
  axis: Axis,
  { loaded: { raw }, lookups, plan }: LoadedPlan,
  horizons: readonly number[],
  options: GlobalOptions & { over?: string },
): Promise<BreakevenRow[]> {
  const seed = options.seed ?? 0;
  if (axis.path === 'month') return breakevenOverMonths(plan, monthsOf(axis), seed);
  if (axis.path === 'horizon') return breakevenOverHorizons(plan, monthsOf(axis), seed);
  const numbers = axis.values.filter((value): value is number => typeof value === 'number');
  if (isVolumePath(plan, axis.path) && numbers.length === axis.values.length) {
    return breakevenOverVolume(plan, axis.path, numbers, horizons, seed);
  }
  const settings =
    axis.path === 'output_share'
      ? (value: unknown) => outputShareSettings(raw, plan, Number(value))
      : (value: unknown) => [settingOf(axis, value)];
  const progress = await startProgress('breakeven', axis.values.length, options.quiet === true);
  try {
    const source = { raw, axis, settings, lookups, seed };
    return breakevenOverValues(source, axis.values, horizons, (done) => progress.to(done));
  } catch (error) {
    // The scenario by itself is sound, so what is wrong now is what the axis put into it.
    if (!(error instanceof InputError)) throw error;
    throw optionError(`--over ${options.over}`, ...error.problems.map(({ message }) => message));
  } finally {
    progress.stop();
  }
}
