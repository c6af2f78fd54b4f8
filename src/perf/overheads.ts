import { bytesPerWeight } from '../model/precision.ts';
import type { CalibrationCard, EngineCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { ModelCard, WeightFormat } from '../schema/model.ts';
import type { Seconds } from '../units/quantity.ts';
import { generationFactors } from './generation.ts';
import { linearRates } from './roofline.ts';

/** Layers whose feed-forward part is a set of experts. */
function moeLayersOf(model: ModelCard): number {
  return model.moe === undefined ? 0 : model.layers - model.moe.first_dense_layers;
}

/** In how many bits a layer's activations are multiplied after being scaled block by block; undefined where they are not. */
function scaledBits(gpu: GpuCard, calibration: CalibrationCard, weights: WeightFormat): 4 | 8 | undefined {
  const bytes = bytesPerWeight(weights);
  if (bytes >= 2 || linearRates(gpu, calibration, weights).unpacked) return undefined;
  return bytes < 1 ? 4 : 8;
}

/**
 * Least time of an iteration that runs without captured graphs, as one with prompts does: the host launches kernel
 * after kernel, and experts in 8 bits have many.
 *
 * @source fit of the calibration card
 * @checkedBy test/perf/overheads.test.ts
 */
export function eagerFloor(
  model: ModelCard,
  gpu: GpuCard,
  calibration: CalibrationCard,
  weights: WeightFormat,
): Seconds {
  const scaledMoeLayers = scaledBits(gpu, calibration, weights) === 8 ? moeLayersOf(model) : 0;
  return model.layers * calibration.eager_layer_floor + scaledMoeLayers * calibration.eager_fp8_moe_layer_floor;
}

/**
 * Time of an iteration's layers that moves no weights: launches, norms, routing, quantising activations.
 *
 *   L · layer + L_moe · moe_layer,   and where the GPU multiplies in the weights' own format
 *   + L_dense · fp4_layer for 4 bits,   + L_moe · fp8_moe_layer for 8,   else what the engine takes to unpack experts
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
  host: EngineCard['host'],
  weights: WeightFormat,
): Seconds {
  const moeLayers = moeLayersOf(model);
  const scale = host.launch_scale * generationFactors(gpu, calibration).fixed;
  const plain = model.layers * calibration.layer_overhead + moeLayers * calibration.moe_layer_overhead;
  switch (scaledBits(gpu, calibration, weights)) {
    case 4:
      return scale * (plain + (model.layers - moeLayers) * calibration.fp4_layer_overhead);
    case 8:
      return scale * (plain + moeLayers * calibration.fp8_moe_layer_overhead);
    case undefined:
      return scale * plain + (bytesPerWeight(weights) < 2 ? moeLayers * host.unpacked_moe_layer : 0);
  }
}
