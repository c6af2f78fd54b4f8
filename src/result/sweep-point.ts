import type { Lookups } from '../scenario/lookups.ts';
import { applyOverride } from '../scenario/overrides.ts';
import type { Plan } from '../scenario/plan.ts';
import { resolveScenario } from '../scenario/resolve.ts';
import { validateScenario } from '../scenario/validate.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { Cell } from './columns.ts';
import { resultRow } from './columns.ts';
import type { Result } from './record.ts';
import { simulate } from './simulate.ts';

/** A changed value of a scenario. */
export interface Setting {
  path: string;
  value: unknown;
}

/** What became of one scenario variant: a result, or why there is none. */
export type PointOutcome = { result: Result } | { status: 'no_fit' | 'slo_missed'; reason: string };

/**
 * The plan of a scenario with some values changed.
 *
 * @param raw the scenario as written, before the schema filled anything in
 * @throws InputError where a changed value is not one the scenario can have
 */
export function variantPlan(raw: unknown, settings: readonly Setting[], lookups: Lookups): Plan {
  const changed = settings.reduce((scenario, setting) => applyOverride(scenario, setting.path, setting.value), raw);
  return resolveScenario(validateScenario(changed), changed, lookups);
}

/** Runs it; see `variantPlan`. */
export function simulateVariant(
  raw: unknown,
  settings: readonly Setting[],
  lookups: Lookups,
  seed: number,
): PointOutcome {
  const plan = variantPlan(raw, settings, lookups);
  try {
    return { result: simulate(plan, seed) };
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
    return { status: error.status, reason: error.message };
  }
}

function asCell(value: unknown): Cell {
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);
}

/** One row of a sweep: the axes by their paths, the status, the metrics, the offers, and the reason if there is none. */
export function sweepRow(axes: readonly Setting[], outcome: PointOutcome): Record<string, Cell> {
  const point = axes.map((axis): [string, Cell] => [axis.path, asCell(axis.value)]);
  if ('result' in outcome) return Object.fromEntries([...point, ...resultRow(outcome.result)]);
  return Object.fromEntries<Cell>([...point, ['status', outcome.status], ['reason', outcome.reason]]);
}
