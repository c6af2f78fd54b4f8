import { bytesPerWeight } from '../model/precision.ts';
import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { ModelCard, WeightFormat } from '../schema/model.ts';
import type { Seconds } from '../units/quantity.ts';
import { linearRates } from './roofline.ts';

/**
 * Time of an iteration's layers that moves no weights: launches, norms, routing, quantising activations.
 *
 *   L · layer + L_moe · moe_layer,   and where the GPU multiplies in the weights' own format
 *   + L_dense · fp4_layer for 4 bits,   + L_moe · fp8_moe_layer for 8
 *
 * Checkpoints in 4 bits, and expert layers in 8, scale their activations block by block, which costs kernels of its
 * own before each GEMM. Dense layers in 8 bits mostly use one static scale, folded into the norm before it, and
 * weights that are unpacked leave activations in 16 bits.
 *
 * @source fit of the calibration card; Zhao et al. 2025 (DeepSeek-V3 hardware paper), sec. 3.1, for block scaling
 * @checkedBy test/perf/overheads.test.ts
 */
export function layerOverheads(
  model: ModelCard,
  gpu: GpuCard,
  calibration: CalibrationCard,
  weights: WeightFormat,
): Seconds {
  const moeLayers = model.moe === undefined ? 0 : model.layers - model.moe.first_dense_layers;
  const seconds = model.layers * calibration.layer_overhead + moeLayers * calibration.moe_layer_overhead;
  const bytes = bytesPerWeight(weights);
  if (bytes >= 2 || linearRates(gpu, calibration, weights).unpacked) return seconds;
  return bytes < 1
    ? seconds + (model.layers - moeLayers) * calibration.fp4_layer_overhead
    : seconds + moeLayers * calibration.fp8_moe_layer_overhead;
}
