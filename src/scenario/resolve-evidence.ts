import type { Catalog } from '../catalog/catalog.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { ErrorEvidence } from './plan.ts';

/** The errors of a calibration and the names to look them up by; undefined where nobody wrote down any. */
export function resolveEvidence(
  { model, serving }: Scenario,
  catalog: Catalog,
  gpu: GpuCard,
  calibration: string,
  engine: string,
): ErrorEvidence | undefined {
  const table = catalog.find('errors', calibration);
  if (table === undefined) return undefined;
  return {
    table,
    gpu: typeof serving.gpu === 'string' ? catalog.find('gpu', serving.gpu)?.id : undefined,
    architecture: gpu.architecture,
    model: typeof model === 'string' ? catalog.find('model', model)?.id : undefined,
    engine,
  };
}
