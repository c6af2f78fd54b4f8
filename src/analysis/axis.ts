import { parsePath, parseSettingValue } from '../scenario/overrides.ts';
import { numberPlace } from '../schema/known-keys.ts';
import { InputError } from '../schema/problem.ts';
import { scenarioFile } from '../schema/scenario.ts';

/** One axis of a sweep: a path of the scenario and the values it takes, in order. */
export interface Axis {
  path: string;
  /** The axis it moves with, value by value, where it has no place of its own in the grid. */
  follows?: string;
  values: readonly unknown[];
  /** The unit that bare numbers are in, where the scenario takes a quantity. */
  unit: string | undefined;
  /** Whether the scenario takes whole numbers only. */
  whole: boolean;
  /** What was changed of what was asked: points rounded together. */
  warnings: readonly string[];
}

const MOST_VALUES = 100_000;
const SUFFIX: Record<string, number> = { k: 1e3, M: 1e6, G: 1e9 };

function refuse(text: string, message: string): never {
  throw new InputError([{ path: [], message: `${text}: ${message}` }]);
}

function numberOf(text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([kMG])?$/.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * (match[2] === undefined ? 1 : (SUFFIX[match[2]] as number));
}

/** N values from `low` to `high`, both included and exact, evenly spaced or evenly in ratio. */
export function spaced(low: number, high: number, points: number, scale: 'linear' | 'log'): number[] {
  if (points === 1) return [low];
  return Array.from({ length: points }, (_, i) => {
    if (i === 0) return low;
    if (i === points - 1) return high;
    const part = i / (points - 1);
    return scale === 'log' ? low * (high / low) ** part : low + (high - low) * part;
  });
}

function rangeValues(text: string, spec: string): number[] {
  const match = /^(.+?)\.\.(.+?):(\d+)(:log)?$/.exec(spec);
  if (match === null) refuse(text, 'expected lo..hi:N or lo..hi:N:log');
  const low = numberOf(match[1] as string);
  const high = numberOf(match[2] as string);
  const points = Number(match[3]);
  if (low === undefined || high === undefined) refuse(text, 'both ends of a range are numbers, such as 1k..10M');
  if (points < 1 || points > MOST_VALUES) {
    const [most, asked] = [MOST_VALUES, points].map((number) => number.toLocaleString('en-US'));
    refuse(text, `a range has 1 to ${most} points, not ${asked}`);
  }
  const scale = match[4] === undefined ? 'linear' : 'log';
  if (scale === 'log' && !(low > 0 && high > 0)) refuse(text, 'a log range lies above 0');
  return spaced(low, high, points, scale);
}

/**
 * Reads `path=SPEC`, SPEC being `a,b,c`, `lo..hi:N` or `lo..hi:N:log`, with k, M and G for thousands and up; or
 * `path~other=SPEC`, whose values go with those of another axis one by one.
 *
 * Where the scenario takes a quantity, bare numbers are in the unit of the field: `capacity.rent.price=1..5:9` is in
 * USD/h. Where it takes whole numbers the points of a range are rounded. Values may repeat; `distinctPoints` drops them.
 *
 * @param option what the axis was given to, for messages
 * @throws InputError naming the axis
 */
export function readAxis(text: string, option = '--axis'): Axis {
  const asked = `${option} ${text}`;
  const at = text.indexOf('=');
  if (at < 1) refuse(asked, 'expected path=values, such as serving.max_batch=1,4,16');
  const [path = '', follows, ...more] = text
    .slice(0, at)
    .split('~')
    .map((part) => part.trim());
  if (more.length > 0) refuse(asked, 'an axis moves with one other, as in a~b=1,2');
  const spec = text.slice(at + 1).trim();
  if (spec === '') refuse(asked, 'has no values');
  const { whole, unit } = numberPlace(scenarioFile, parsePath(path));
  const common = { path, unit, whole, ...(follows === undefined ? {} : { follows }), warnings: [] };
  if (!spec.includes('..')) {
    const words = spec.split(',').map((word) => word.trim());
    if (words.includes('')) refuse(asked, 'has an empty value');
    return { ...common, values: words.map(parseSettingValue) };
  }
  const points = rangeValues(asked, spec);
  return { ...common, values: whole ? points.map((value) => Math.round(value)) : points };
}

/**
 * Axes that move together, without the points that equal an earlier one: a range rounded to whole numbers has many. Of
 * an axis and those that follow it a point is all their values.
 */
export function distinctPoints(together: readonly Axis[], option = '--axis'): Axis[] {
  const [first] = together as [Axis];
  const seen = new Set<string>();
  const kept = first.values.flatMap((_, i) => {
    const point = JSON.stringify(together.map((axis) => axis.values[i]));
    if (seen.has(point)) return [];
    seen.add(point);
    return [i];
  });
  const lost = first.values.length - kept.length;
  if (lost === 0) return [...together];
  const dropped = `${option} ${first.path}: ${lost} ${lost === 1 ? 'value was' : 'values were'} dropped, equal to an earlier one${first.whole ? ' once whole' : ''}`;
  return together.map((axis, i) => ({
    ...axis,
    values: kept.map((index) => axis.values[index]),
    warnings: i === 0 ? [...axis.warnings, dropped] : axis.warnings,
  }));
}

/** One axis by itself, each of its values once. */
export function parseAxis(text: string, option = '--axis'): Axis {
  const axis = readAxis(text, option);
  if (axis.follows !== undefined) refuse(`${option} ${text}`, 'there is no other axis to move with');
  return distinctPoints([axis], option)[0] as Axis;
}

/** A value of an axis as the scenario takes it: bare numbers with their unit. */
export function settingOf(axis: Axis, value: unknown): { path: string; value: unknown } {
  return {
    path: axis.path,
    value: typeof value === 'number' && axis.unit !== undefined ? `${value} ${axis.unit}` : value,
  };
}
