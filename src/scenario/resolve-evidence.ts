import type { Catalog } from '../catalog/catalog.ts';
import type { ErrorTable } from '../schema/error-table.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { ModelCard } from '../schema/model.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { ErrorEvidence } from './plan.ts';

/** What step times depend on; releases of one architecture differ in nothing of it. */
function shapeOf({ layers, hidden_size, intermediate_size, heads, kv_heads, head_dim, moe, mla }: ModelCard): string {
  return JSON.stringify([layers, hidden_size, intermediate_size, heads, kv_heads, head_dim, moe, mla]);
}

/** The measured model that this one is: itself, or another of the same shape, such as an earlier release. */
function measuredAs(model: ModelCard, id: string | undefined, table: ErrorTable, catalog: Catalog): string | undefined {
  const known = new Set(table.cells.flatMap((cell) => cell.models));
  if (id !== undefined && known.has(id)) return id;
  const shape = shapeOf(model);
  return [...known].find((other) => {
    const card = catalog.find('model', other);
    return card !== undefined && shapeOf(card) === shape;
  });
}

/** The errors of a calibration and the names to look them up by; undefined where nobody wrote down any. */
export function resolveEvidence(
  { model: named, serving }: Scenario,
  catalog: Catalog,
  { model, gpu }: { model: ModelCard; gpu: GpuCard },
  { calibration, id: engine }: { calibration: string; id: string },
): ErrorEvidence | undefined {
  const table = catalog.find('errors', calibration);
  if (table === undefined) return undefined;
  const id = typeof named === 'string' ? catalog.find('model', named)?.id : undefined;
  return {
    table,
    gpu: typeof serving.gpu === 'string' ? catalog.find('gpu', serving.gpu)?.id : undefined,
    architecture: gpu.architecture,
    model: measuredAs(model, id, table, catalog),
    engine,
  };
}
