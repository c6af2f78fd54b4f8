import { bytesPerWeight, gemmTypes } from '../model/precision.ts';
import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { WeightFormat } from '../schema/model.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { BytesPerSecond, FlopPerSecond, Seconds } from '../units/quantity.ts';
import { generationFactors } from './generation.ts';

/** The rates that linear layers of one weight format reach on one GPU, efficiencies included. */
export interface LinearRates {
  flopPerSecond: FlopPerSecond;
  bytesPerSecond: BytesPerSecond;
  /** True where weights are unpacked to 16 bits before the multiplication. */
  unpacked: boolean;
}

function memoryEfficiency(calibration: CalibrationCard, format: WeightFormat): number {
  const bytes = bytesPerWeight(format);
  if (bytes >= 2) return calibration.memory_efficiency.bits_16;
  return bytes >= 1 ? calibration.memory_efficiency.bits_8 : calibration.memory_efficiency.bits_4;
}

/**
 * The 16-bit rate, which attention and unpacked weights run at whatever the weight format.
 * @throws InfeasibleError where the card lists no 16- or 32-bit rate
 * @source vendor datasheet, dense rate
 */
export function sixteenBitRate(gpu: GpuCard): FlopPerSecond {
  const rate = gpu.dense_flops.bf16 ?? gpu.dense_flops.fp16 ?? gpu.dense_flops.tf32 ?? gpu.dense_flops.fp32;
  if (rate === undefined) throw new InfeasibleError('no_fit', 'the GPU lists no dense rate to compute attention with');
  return rate;
}

/**
 * Peak rates times the fitted efficiencies, for GEMMs on weights of `format`.
 *
 * Experts are multiplied in groups of few tokens each, which reach less of the peak; what is unpacked first is slower than that.
 *
 * A format the GPU has no units for is read at its own width and multiplied at the 16-bit rate.
 *
 * @source Williams et al. 2009 (Roofline); efficiencies: the calibration card
 * @checkedBy test/perf/roofline.test.ts
 */
export function linearRates(
  gpu: GpuCard,
  calibration: CalibrationCard,
  format: WeightFormat,
  routed = false,
): LinearRates {
  const reached = generationFactors(gpu, calibration).compute * (routed ? calibration.expert_compute : 1);
  const generation = generationFactors(gpu, calibration);
  const bytesPerSecond = gpu.memory_bandwidth * memoryEfficiency(calibration, format) * generation.memory;
  for (const type of gemmTypes(format)) {
    const peak = gpu.dense_flops[type];
    if (peak !== undefined) {
      return { flopPerSecond: peak * calibration.compute_efficiency * reached, bytesPerSecond, unpacked: false };
    }
  }
  const native = bytesPerWeight(format) >= 2;
  const efficiency = native ? calibration.compute_efficiency * reached : calibration.unpacked_compute_efficiency;
  return { flopPerSecond: sixteenBitRate(gpu) * efficiency, bytesPerSecond, unpacked: !native };
}

/**
 * One operator's time from its two costs: the roofline's maximum, or their plain sum.
 *
 * The sum has no parameter and fits the measured rows within half a point of any smooth maximum; it errs high where
 * an operator overlaps its loads with its arithmetic perfectly.
 *
 * @source Williams et al. 2009 for the maximum
 */
export function combine(rule: CalibrationCard['combine'], compute: Seconds, memory: Seconds): Seconds {
  return rule === 'max' ? Math.max(compute, memory) : compute + memory;
}
