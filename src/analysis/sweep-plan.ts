import { InputError } from '../schema/problem.ts';
import { LOAD_KEYS } from '../schema/traffic.ts';
import { type Axis, distinctPoints, settingOf } from './axis.ts';

/** More points than this belong on more machines than one. */
const MOST_POINTS = 1_000_000;

/** A grid of scenarios: every combination of the values of its free axes, the first turning slowest. */
export interface SweepPlan {
  /** All axes, in the order in which they were asked for. */
  axes: readonly Axis[];
  /** The axes that turn together, as indexes into `axes`, and how many positions they have. */
  wheels: readonly { axes: readonly number[]; size: number }[];
  points: number;
}

function refuse(message: string): never {
  throw new InputError([{ path: [], message }]);
}

/** @throws InputError where axes contradict each other or the grid is too large */
export function planSweep(given: readonly Axis[]): SweepPlan {
  const twice = given.find((axis, i) => given.findIndex((other) => other.path === axis.path) < i);
  if (twice !== undefined) refuse(`--axis ${twice.path} is given twice`);
  const loads = given.filter((axis) => LOAD_KEYS.some((key) => axis.path === `traffic.${key}`));
  if (loads.length > 1) refuse(`--axis ${loads.map((axis) => axis.path).join(' and ')} both set the load; keep one`);
  for (const axis of given) checkFollowed(axis, given);
  const groups = given
    .filter((axis) => axis.follows === undefined)
    .map((leader) => distinctPoints([leader, ...given.filter((axis) => axis.follows === leader.path)]));
  const axes = given.map((axis) => groups.flat().find((one) => one.path === axis.path) as Axis);
  const wheels = groups.map((group) => ({
    axes: group.map((axis) => axes.indexOf(axis)),
    size: (group[0] as Axis).values.length,
  }));
  const points = wheels.reduce((product, wheel) => product * wheel.size, 1);
  if (points > MOST_POINTS) {
    const [asked, most] = [points, MOST_POINTS].map((number) => number.toLocaleString('en-US'));
    refuse(`the axes make ${asked} points; at most ${most} are swept`);
  }
  return { axes, wheels, points };
}

function checkFollowed({ path, follows, values }: Axis, axes: readonly Axis[]): void {
  if (follows === undefined) return;
  const leader = axes.find((axis) => axis.path === follows);
  if (leader === undefined) refuse(`--axis ${path}~${follows}: there is no --axis ${follows} to move with`);
  if (leader.follows !== undefined)
    refuse(`--axis ${path}~${follows}: ${follows} moves with ${leader.follows}; name that`);
  if (leader.values.length !== values.length) {
    refuse(`--axis ${path}~${follows}: has ${values.length} values beside the ${leader.values.length} of ${follows}`);
  }
}

/** The values of one point, in the order of the axes. A pure function of its index, so any part of a sweep can be done alone. */
export function pointValues(plan: SweepPlan, index: number): unknown[] {
  let rest = index;
  const values = new Array<unknown>(plan.axes.length);
  for (const { axes, size } of plan.wheels.toReversed()) {
    for (const axis of axes) values[axis] = plan.axes[axis]?.values[rest % size];
    rest = Math.floor(rest / size);
  }
  return values;
}

/** One point as its table shows it, and as the scenario takes it. */
export interface SweepPoint {
  shown: { path: string; value: unknown }[];
  settings: { path: string; value: unknown }[];
}

export function pointOf(plan: SweepPlan, index: number): SweepPoint {
  const values = pointValues(plan, index);
  return {
    shown: plan.axes.map((axis, i) => ({ path: axis.path, value: values[i] })),
    settings: plan.axes.map((axis, i) => settingOf(axis, values[i])),
  };
}
