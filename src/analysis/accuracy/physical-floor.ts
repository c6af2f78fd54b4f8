import type { Catalog } from '../../catalog/catalog.ts';
import type { Plan } from '../../scenario/plan.ts';
import { closedFormFigures } from './closed-form-run.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { Metric } from './metric.ts';

/** The hard maximum: every efficiency 1, nothing fixed, no collectives. */
const IDEAL = 'ideal';

/** A measured time must beat the floor by this much before a row is called impossible: datasheets round. */
const MARGIN = 0.9;

/**
 * Whether a time between tokens is shorter than the GPUs can move the weights and the cache of the run as stated, with
 * no more experts read than one token needs. Such a row measured another run than it says: fewer requests in flight,
 * failed ones, a smaller model.
 */
export function isBelowFloor(
  run: MeasuredRun,
  plan: Plan,
  metric: Metric,
  measured: number,
  catalog: Catalog,
): boolean {
  if (metric.kind !== 'decode') return false;
  const calibration = catalog.find('calibration', IDEAL);
  const engine = catalog.find('engine', IDEAL);
  if (calibration === undefined || engine === undefined) return false;
  const alike = { ...run, settings: { ...run.settings, promptsAlike: true } };
  const ideal = { ...plan, calibration, engine: { ...plan.engine, host: engine.host } };
  const floor = metric.of(closedFormFigures(alike, ideal), run.gpus);
  if (floor === undefined) return false;
  return metric.unit === 'ms' ? measured < MARGIN * floor : MARGIN * measured > floor;
}
