import { expertGroup } from '../model/sharding.ts';
import type { Parallelism } from '../scenario/plan.ts';
import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { BytesPerSecond, Seconds } from '../units/quantity.ts';
import { activationBytes, callLatency } from './collectives.ts';

/** What joins machines, per GPU, where a replica spans more GPUs than its link joins. */
export interface Network {
  bandwidth: BytesPerSecond;
  latency: Seconds;
}

/** One way to bring tokens to experts and back: `latency + perRankToken · own tokens + perToken · tokens of all ranks`. */
export interface ExchangeWay {
  latency: Seconds;
  perRankToken: Seconds;
  perToken: Seconds;
}

interface Exchange {
  gpu: GpuCard;
  calibration: CalibrationCard;
  layout: Parallelism;
  network: Network | undefined;
  hiddenSize: number;
  /** Bytes of an activation on its way to the experts; back it has 16 bits. */
  dispatchBytes: number;
}

/**
 * Seconds a byte takes that goes evenly to all others of a group, by link to those on the machine and by network to the
 * rest, both at once.
 */
function secondsPerByte({ gpu, network }: Exchange, group: number, efficiency: number): Seconds {
  const linked = Math.min(group, gpu.link?.gpus ?? 1);
  const others = group - 1;
  const inside = linked === 1 ? 0 : (linked - 1) / others / (gpu.link?.bandwidth ?? 1);
  if (linked === group) return inside / efficiency;
  if (network === undefined) throw missingNetwork(group, gpu);
  return Math.max(inside, (group - linked) / others / network.bandwidth) / efficiency;
}

function missingNetwork(group: number, gpu: GpuCard): InfeasibleError {
  const joined = gpu.link === undefined ? 'no link joins this GPU' : `its link joins ${gpu.link.gpus}`;
  return new InfeasibleError('no_fit', `a replica of ${group} GPUs needs serving.network: ${joined} to others`);
}

/** A call within the group, and a message over the network where it leaves the machine. */
function latencyOf({ gpu, calibration, network }: Exchange, group: number): Seconds {
  const linked = gpu.link?.gpus ?? 1;
  return callLatency(gpu, calibration, Math.min(group, linked)) + (group > linked ? (network?.latency ?? 0) : 0);
}

/** All ranks' tokens to every GPU, and the sums of their experts' parts back to each rank. */
function gatherAndScatter(exchange: Exchange): ExchangeWay {
  const { layout, calibration, hiddenSize, dispatchBytes } = exchange;
  const group = expertGroup(layout);
  const perByte = secondsPerByte(exchange, group, calibration.all_reduce.link_efficiency);
  const there = hiddenSize * dispatchBytes * perByte;
  const back = ((group - 1) / group) * activationBytes(1, hiddenSize) * perByte;
  return { latency: 2 * latencyOf(exchange, group), perRankToken: -there, perToken: there + back };
}

/** Each token to the GPUs of its k experts, and k results back. The GPUs of a rank share its tokens among them. */
function allToAll(exchange: Exchange, perToken: number): ExchangeWay {
  const { layout, calibration, hiddenSize, dispatchBytes } = exchange;
  const group = expertGroup(layout);
  const perByte = secondsPerByte(exchange, group, calibration.expert_parallel.exchange_efficiency);
  const copies = (perToken * (group - 1)) / group / layout.tensorParallel;
  const bytes = hiddenSize * dispatchBytes + activationBytes(1, hiddenSize);
  return { latency: 2 * latencyOf(exchange, group), perRankToken: copies * bytes * perByte, perToken: 0 };
}

/**
 * The ways that tokens of attention data-parallel ranks may reach a layer's experts and return, of which the engine
 * takes the fastest:
 *
 *   all-gather, reduce-scatter   (T − T_r)·H·b  and  (g − 1)/g·T·H·2 bytes a GPU
 *   all-to-all                   T_r/t·k·(g − 1)/g·H·(b + 2) bytes a GPU, where every expert lies on one GPU
 *
 * with T_r tokens of one rank, T of all, on g GPUs. Kernels that send a token once to a GPU with several of its experts
 * send less: the all-to-all errs high there. Its own GPUs then gather what they shared, as half an all-reduce.
 *
 * @throws InfeasibleError where the group leaves the machine and no network is given
 * @source vLLM `AgRsAll2AllManager`; DeepEP (dispatch and combine); DeepSeek-V3 2024, sec. 3.2
 * @checkedBy test/perf/exchange.test.ts
 */
export function exchangeWays(exchange: Exchange, expertsPerToken: number): ExchangeWay[] {
  const { layout, calibration, hiddenSize } = exchange;
  if (layout.attentionDataParallel === 1 || !calibration.all_reduce.collectives) return [];
  const ways = [gatherAndScatter(exchange)];
  if (layout.expertParallel === expertGroup(layout)) ways.push(allToAll(exchange, expertsPerToken));
  const { tensorParallel: group } = layout;
  if (group === 1) return ways;
  const gather = ((group - 1) / group) * activationBytes(1, hiddenSize);
  const perRankToken = gather * secondsPerByte(exchange, group, calibration.all_reduce.link_efficiency);
  return ways.map((way) => ({
    ...way,
    latency: way.latency + latencyOf(exchange, group),
    perRankToken: way.perRankToken + perRankToken,
  }));
}

/**
 * Time of an exchange by its fastest way.
 * @source `exchangeWays`
 * @checkedBy test/perf/exchange.test.ts
 */
export function exchangeSeconds(ways: readonly ExchangeWay[], rankTokens: number, tokens: number): Seconds {
  let fastest = Number.POSITIVE_INFINITY;
  for (const { latency, perRankToken, perToken } of ways) {
    fastest = Math.min(fastest, latency + perRankToken * rankTokens + perToken * tokens);
  }
  return ways.length === 0 ? 0 : fastest;
}

/**
 * Hand-over of a micro-batch's activations to the next stage, each GPU sending its part to its peer; over the network
 * where the replica spans machines.
 *
 * @throws InfeasibleError where it does and no network is given
 * @source Narayanan et al. 2021 (Megatron-LM), sec. 4.1, for the scatter to peers
 * @checkedBy test/perf/exchange.test.ts
 */
export function handOverCost(exchange: Exchange): { latency: Seconds; perToken: Seconds } {
  const { gpu, calibration, layout, network, hiddenSize } = exchange;
  const { tensorParallel, pipelineParallel, attentionDataParallel } = layout;
  if (pipelineParallel === 1 || !calibration.all_reduce.collectives) return { latency: 0, perToken: 0 };
  const gpus = tensorParallel * pipelineParallel * attentionDataParallel;
  const stays = gpus <= (gpu.link?.gpus ?? 1);
  if (!stays && network === undefined) throw missingNetwork(gpus, gpu);
  const bandwidth = stays ? (gpu.link?.bandwidth ?? 1) : (network?.bandwidth ?? 1);
  const bytes = activationBytes(1, hiddenSize) / tensorParallel;
  return {
    latency: callLatency(gpu, calibration, 2) + (stays ? 0 : (network?.latency ?? 0)),
    perToken: bytes / (bandwidth * calibration.expert_parallel.exchange_efficiency),
  };
}
