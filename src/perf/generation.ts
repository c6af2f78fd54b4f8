import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';

/** Factors of a generation of GPUs on what the shared efficiencies say. */
export type GenerationFactors = CalibrationCard['generations'][string];

const AS_SHARED: GenerationFactors = { memory: 1, compute: 1, fixed: 1 };

/**
 * What the GPU's generation reaches relative to the shared efficiencies; 1 for one that nothing was measured of.
 * @source fit of the calibration card, each factor held near 1
 */
export function generationFactors(gpu: GpuCard, calibration: CalibrationCard): GenerationFactors {
  return calibration.generations[gpu.architecture ?? ''] ?? AS_SHARED;
}
