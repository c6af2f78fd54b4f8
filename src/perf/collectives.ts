import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { Bytes, BytesPerSecond, Seconds } from '../units/quantity.ts';
import { generationFactors } from './generation.ts';

/** One way to sum a message over a tensor-parallel group: `latency + perByte · message`. */
export interface AllReduceWay {
  latency: Seconds;
  perByte: Seconds;
}

/**
 * What a GPU sends to others of its group in a second: its whole link behind a switch. In a mesh every pair has a link of
 * its own, all at work at once, so that a group smaller than the mesh uses only its part of them.
 */
function usableBandwidth(link: NonNullable<GpuCard['link']>, group: number): BytesPerSecond {
  return link.topology === 'mesh' ? (link.bandwidth * (group - 1)) / (link.gpus - 1) : link.bandwidth;
}

/**
 * The ways that a group may sum a message of M bytes, of which the engine takes the fastest:
 *
 *   two steps   2(t−1)/t·M a GPU, whether in a ring or directly; latency grows with log2 of the group
 *   one shot    (t−1)·M a GPU, each reading all others' messages; one round of signals, so that latency grows less
 *   in switch   (1 + 1/t)·M a GPU, where the switch adds up what passes through it
 *
 * Buses through the host do the first only: engines keep their own kernels to GPUs that reach each other directly.
 *
 * @throws InfeasibleError where more GPUs are asked for than the card's link joins
 * @source Patarasuk and Yuan 2009 (bandwidth-optimal all-reduce); vLLM custom all-reduce (one and two shots); NCCL NVLS
 * @checkedBy test/perf/collectives.test.ts
 */
export function allReduceWays(gpu: GpuCard, calibration: CalibrationCard, group: number): AllReduceWay[] {
  if (group === 1 || !calibration.all_reduce.collectives) return [];
  const { link } = gpu;
  if (link === undefined || group > link.gpus) {
    const joined = link === undefined ? 'lists no link between GPUs' : `is linked in groups of at most ${link.gpus}`;
    throw new InfeasibleError('no_fit', `tensor_parallel ${group} cannot be: this GPU ${joined}`);
  }
  const { link_efficiency: efficiency, in_switch_latency: inSwitch } = calibration.all_reduce;
  const perByte = 1 / (usableBandwidth(link, group) * efficiency);
  const ways = [{ latency: callLatency(gpu, calibration, group), perByte: ((2 * (group - 1)) / group) * perByte }];
  if (link.topology === 'pcie' || link.topology === 'torus') return ways;
  const { one_shot_growth: growth } = calibration.all_reduce;
  ways.push({ latency: callLatency(gpu, calibration, group, growth), perByte: (group - 1) * perByte });
  if (link.reduces === true) {
    ways.push({ latency: generationFactors(gpu, calibration).fixed * inSwitch, perByte: (1 + 1 / group) * perByte });
  }
  return ways;
}

/**
 * Time of one call of a collective that carries next to nothing.
 * @source fit of the calibration card
 * @checkedBy test/perf/collectives.test.ts
 */
export function callLatency(
  gpu: GpuCard,
  calibration: CalibrationCard,
  group: number,
  growth = calibration.all_reduce.growth,
): Seconds {
  const { latency } = calibration.all_reduce;
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
