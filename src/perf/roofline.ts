import { bytesPerWeight, gemmPath, sixteenBitType } from '../model/precision.ts';
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
  const type = sixteenBitType(gpu.dense_flops);
  const rate = type && gpu.dense_flops[type];
  if (rate === undefined) throw new InfeasibleError('no_fit', 'the GPU lists no dense rate to compute attention with');
  return rate;
}

/**
 * Peak rates times the fitted efficiencies, for GEMMs on weights of `format`.
 *
 * Experts are multiplied in groups of few tokens each, which reach less of the peak; what is unpacked first is slower than that.
 *
 * A format the GPU has no units for is read at its own width and multiplied at the 16-bit rate (`gemmPath`).
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
  const generation = generationFactors(gpu, calibration);
  const bytesPerSecond = gpu.memory_bandwidth * memoryEfficiency(calibration, format) * generation.memory;
  const { type, unpacked } = gemmPath(gpu, format);
  const peak = (type && gpu.dense_flops[type]) ?? sixteenBitRate(gpu);
  const efficiency = unpacked
    ? unpackedEfficiency(calibration, routed)
    : calibration.compute_efficiency * (routed ? calibration.expert_compute : 1);
  return { flopPerSecond: peak * efficiency * generation.compute, bytesPerSecond, unpacked };
}

/** Share of the 16-bit rate on weights that are unpacked first, in large products and in those of experts. */
function unpackedEfficiency(calibration: CalibrationCard, routed: boolean): number {
  return routed ? calibration.unpacked_expert_compute_efficiency : calibration.unpacked_compute_efficiency;
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
