import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { Bytes, Seconds } from '../units/quantity.ts';
import { generationFactors } from './generation.ts';

/** Time of one all-reduce over a tensor-parallel group: `latency + perByte · message`. */
export interface AllReduceCost {
  latency: Seconds;
  perByte: Seconds;
}

/**
 * Ring all-reduce: every GPU sends and receives 2(t−1)/t of the message over its link, one direction each way.
 *
 * The call's latency grows with log2 of the group, which the fit found slow (see the calibration card).
 *
 * @throws InfeasibleError where more GPUs are asked for than the card's link joins
 * @source Patarasuk and Yuan 2009 (bandwidth-optimal all-reduce)
 * @checkedBy test/perf/collectives.test.ts
 */
export function allReduceCost(gpu: GpuCard, calibration: CalibrationCard, group: number): AllReduceCost {
  if (group === 1 || !calibration.all_reduce.collectives) return { latency: 0, perByte: 0 };
  const { link } = gpu;
  if (link === undefined || group > link.gpus) {
    const joined = link === undefined ? 'lists no link between GPUs' : `is linked in groups of at most ${link.gpus}`;
    throw new InfeasibleError('no_fit', `tensor_parallel ${group} cannot be: this GPU ${joined}`);
  }
  const { link_efficiency: efficiency } = calibration.all_reduce;
  return {
    latency: callLatency(gpu, calibration, group),
    perByte: (2 * (group - 1)) / group / (link.bandwidth * efficiency),
  };
}

/**
 * Time of one call of a collective that carries next to nothing.
 * @source fit of the calibration card
 * @checkedBy test/perf/collectives.test.ts
 */
export function callLatency(gpu: GpuCard, calibration: CalibrationCard, group: number): Seconds {
  const { latency, growth } = calibration.all_reduce;
  if (group === 1) return 0;
  return generationFactors(gpu, calibration).fixed * latency * (1 + growth * Math.log2(group / 2));
}

/**
 * Bytes of the activations that one all-reduce carries, at 16 bits an element.
 * @source Shoeybi et al. 2019 (Megatron-LM), sec. 3: two all-reduces of T·H a layer
 */
export function activationBytes(tokens: number, hiddenSize: number): Bytes {
  return tokens * hiddenSize * 2;
}
