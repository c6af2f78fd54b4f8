import { openCatalog } from '../../src/io/catalog-folder.ts';
import type { CalibrationCard } from '../../src/schema/engine.ts';
import type { GpuCard } from '../../src/schema/gpu.ts';
import type { ModelCard } from '../../src/schema/model.ts';

const catalog = openCatalog();

function known<T>(card: T | undefined, id: string): T {
  if (card === undefined) throw new Error(`no card ${id}`);
  return card;
}

export const gpuCard = (id: string): GpuCard => known(catalog.find('gpu', id), id);
export const modelCard = (id: string): ModelCard => known(catalog.find('model', id), id);
export const calibrationCard = (id: string): CalibrationCard => known(catalog.find('calibration', id), id);

export const H100 = gpuCard('h100-sxm5-80gb');
export const A100 = gpuCard('a100-sxm4-80gb');
export const B200 = gpuCard('b200-sxm-180gb');
export const IDEAL = calibrationCard('ideal');
export const FITTED = calibrationCard('shared-2026');
