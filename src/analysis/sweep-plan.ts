import { InputError } from '../schema/problem.ts';
import { LOAD_KEYS } from '../schema/traffic.ts';
import type { Axis } from './axis.ts';

/** More points than this belong on more machines than one. */
const MOST_POINTS = 1_000_000;

/** A grid of scenarios: every combination of the axes' values, the first axis turning slowest. */
export interface SweepPlan {
  axes: readonly Axis[];
  points: number;
}

/** @throws InputError where an axis is named twice or the grid is too large */
export function planSweep(axes: readonly Axis[]): SweepPlan {
  const twice = axes.find((axis, i) => axes.findIndex((other) => other.path === axis.path) < i);
  if (twice !== undefined) throw new InputError([{ path: [], message: `--axis ${twice.path} is given twice` }]);
  const loads = axes.filter((axis) => LOAD_KEYS.some((key) => axis.path === `traffic.${key}`));
  if (loads.length > 1) {
    const message = `--axis ${loads.map((axis) => axis.path).join(' and ')} both set the load; keep one`;
    throw new InputError([{ path: [], message }]);
  }
  const points = axes.reduce((product, axis) => product * axis.values.length, 1);
  if (points > MOST_POINTS) {
    const message = `the axes make ${points.toLocaleString('en-US')} points; at most ${MOST_POINTS.toLocaleString('en-US')} are swept`;
    throw new InputError([{ path: [], message }]);
  }
  return { axes, points };
}

/** The values of one point, in the order of the axes. A pure function of its index, so any part of a sweep can be done alone. */
export function pointValues(plan: SweepPlan, index: number): unknown[] {
  let rest = index;
  const values: unknown[] = [];
  for (const axis of plan.axes.toReversed()) {
    const size = axis.values.length;
    values.unshift(axis.values[rest % size]);
    rest = Math.floor(rest / size);
  }
  return values;
}
