import { layerCounts } from '../model/layers.ts';
import { bytesPerWeight } from '../model/precision.ts';
import { layerShare } from '../model/sharding.ts';
import { type WeightGroup, weightGroups } from '../model/weights.ts';
import type { Parallelism, ServedModel, Speculation } from '../scenario/plan.ts';
import type { CalibrationCard, EngineCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { KvFormat, WeightFormat } from '../schema/model.ts';
import type { Seconds, Share, Tokens } from '../units/quantity.ts';
import { type AttentionCost, attentionCost } from './attention.ts';
import { activationBytes, allReduceWays } from './collectives.ts';
import { type ExchangeWay, exchangeWays, handOverCost, type Network } from './exchange.ts';
import { type ExpertUse, expertActivationBytes } from './experts.ts';
import { eagerFloor, layerOverheads } from './overheads.ts';
import type { Lanes } from './parallelism.ts';
import { linearRates } from './roofline.ts';

/** Weights of one format and use, reduced to two costs. */
export interface LinearCost {
  use: WeightGroup['use'];
  memorySeconds: Seconds;
  secondsPerToken: Seconds;
  bytes: number;
  flopPerToken: number;
}

/** What more than one tensor-parallel group brings: ranks, stages, and what passes between them. */
export interface ParallelModel {
  lanes: Lanes;
  /** Around each layer of experts that several ranks share. */
  exchange: { layers: number; ways: readonly ExchangeWay[] };
  /** From one stage to the next. */
  handOver: { times: number; latency: Seconds; perToken: Seconds };
  /** The part of the fixed time that is the host's, not the layers'. */
  hostPerIteration: Seconds;
  /** Every stage's own weights, and its share of the layers. */
  stages: readonly { linear: readonly LinearCost[]; layers: Share }[];
}

/** Everything about a replica that does not change between iterations. Plain data. */
export interface StepModel {
  combine: CalibrationCard['combine'];
  linear: readonly LinearCost[];
  experts: ExpertUse;
  /** All sequences carry the same text, so that each pass routes them to the same experts. */
  routedAlike?: boolean;
  attention: AttentionCost;
  allReduce: { calls: number; ways: readonly { latency: Seconds; perToken: Seconds }[] };
  fixedPerIteration: Seconds;
  fixedPerSequence: Seconds;
  /** Least time of everything but attention in an iteration with prompt tokens, which runs without graphs. */
  eagerFloor: Seconds;
  /** All times are multiplied by this: one over the engine's rate, unless a measured rate of the replica is given. */
  scale: number;
  /** Adapters loaded beside the base, of which a step reads those of its sequences. */
  adapters?: number;
  /** Share of decoded tokens that leave early, and the share of layers that they pass. */
  earlyExit?: { share: Share; depth: Share };
  /** Tokens that a decoding sequence puts through a pass: itself and what was proposed for it. */
  queries: number;
  /** Proposing them: as many passes of the model below over one token a sequence as a pass's proposals cost. */
  draft?: { passes: number; model: StepModel };
  /** Absent where one tensor-parallel group does it all. */
  parallel?: ParallelModel;
}

export interface ReplicaSpec extends Parallelism {
  model: ServedModel;
  gpu: GpuCard;
  calibration: CalibrationCard;
  host: EngineCard['host'];
  weights: WeightFormat;
  kvCache: KvFormat;
  speculation?: Speculation | undefined;
  /** What joins machines, where the GPU's link does not join all. */
  network?: Network | undefined;
  /** Tokens of a prompt's usual chunk, of which ranks do not share one. */
  promptGrain?: Tokens;
}

/** Time a token's copies for its experts take through memory, in one stage. */
function activationSeconds(spec: ReplicaSpec, stage: number): Seconds {
  const { model, gpu, calibration, pipelineParallel } = spec;
  if (!calibration.expert_activations) return 0;
  const share = layerShare(model.layers, pipelineParallel, stage);
  return (share * expertActivationBytes(model, spec)) / linearRates(gpu, calibration, 'bf16').bytesPerSecond;
}

function linearCosts(spec: ReplicaSpec, stage: number): LinearCost[] {
  const groups = weightGroups(spec.model, spec.weights, spec, stage);
  return groups
    .filter((group) => group.use !== 'look_up')
    .map((group) => {
      const rates = linearRates(spec.gpu, spec.calibration, group.format, group.use === 'routed');
      const flopPerToken = 2 * group.activePerTokenPerGpu;
      const moved = group.use === 'routed' ? activationSeconds(spec, stage) : 0;
      return {
        use: group.use,
        memorySeconds: group.bytesPerGpu / rates.bytesPerSecond,
        secondsPerToken: flopPerToken / rates.flopPerSecond + moved,
        bytes: group.bytesPerGpu,
        flopPerToken,
      };
    });
}

/**
 * Reduces a replica to the constants of its step time.
 *
 * @throws InfeasibleError where the tensor-parallel group exceeds the GPU's link
 * @source the calibration card for every coefficient
 * @checkedBy test/perf/step-time.test.ts
 */
export function compileStepModel(spec: ReplicaSpec): StepModel {
  const { speculation, ...plain } = spec;
  if (speculation === undefined) return compilePasses(plain, 1);
  const draft = { passes: speculation.depth * speculation.draftCost, model: compilePasses(plain, 1) };
  return { ...compilePasses(plain, speculation.depth + 1), draft };
}

/**
 * Bytes of an activation that is sent to the experts: one where they multiply in 8 bits or fewer, so that it is
 * quantised before it leaves, else two.
 */
function dispatchBytes(spec: ReplicaSpec): number {
  const experts = weightGroups(spec.model, spec.weights, spec).find(({ use }) => use === 'routed');
  if (experts === undefined || bytesPerWeight(experts.format) >= 2) return 2;
  return linearRates(spec.gpu, spec.calibration, experts.format).unpacked ? 2 : 1;
}

function parallelModel(spec: ReplicaSpec): ParallelModel | undefined {
  const { model, gpu, calibration, host, pipelineParallel: stages, attentionDataParallel: ranks } = spec;
  if (stages === 1 && ranks === 1) return undefined;
  const exchange = {
    gpu,
    calibration,
    layout: spec,
    network: spec.network,
    hiddenSize: model.hidden_size,
    dispatchBytes: dispatchBytes(spec),
  };
  const handOver = handOverCost(exchange);
  const scale = host.launch_scale;
  const ways = exchangeWays(exchange, model.moe?.experts_per_token ?? 1);
  return {
    lanes: { ranks, stages, promptGrain: spec.promptGrain ?? 0 },
    exchange: { layers: layerCounts(model).moe, ways: ways.map((way) => ({ ...way, latency: scale * way.latency })) },
    handOver: { times: stages - 1, ...handOver, latency: scale * handOver.latency },
    hostPerIteration: host.per_iteration,
    stages: Array.from({ length: stages }, (_, stage) => ({
      linear: linearCosts(spec, stage),
      layers: layerShare(model.layers, stages, stage),
    })),
  };
}

/**
 * All-reduces of one pass: after attention and after the feed-forward part of each layer. Where ranks share the experts,
 * their exchange takes the place of the second.
 */
function allReduceCalls(spec: ReplicaSpec): number {
  const { model, attentionDataParallel } = spec;
  const { pairs, moe } = layerCounts(model);
  return 2 * pairs - (attentionDataParallel > 1 ? moe : 0);
}

function compilePasses(spec: ReplicaSpec, queries: number): StepModel {
  const { model, calibration, host } = spec;
  const ways = allReduceWays(spec.gpu, calibration, spec.tensorParallel);
  const parallel = parallelModel(spec);
  return {
    combine: calibration.combine,
    linear: parallel === undefined ? linearCosts(spec, 0) : parallel.stages.flatMap(({ linear }) => linear),
    experts: {
      count: model.moe?.experts ?? 1,
      perToken: model.moe?.experts_per_token ?? 1,
      parts: spec.expertParallel,
      dispersion: calibration.expert_dispersion,
      skew: calibration.expert_parallel.skew,
    },
    attention: attentionCost(model, spec.gpu, calibration, spec.kvCache, spec.tensorParallel, queries),
    allReduce: {
      calls: allReduceCalls(spec),
      ways: ways.map(({ latency, perByte }) => ({
        latency: latency * host.launch_scale,
        perToken: perByte * activationBytes(1, model.hidden_size),
      })),
    },
    fixedPerIteration: host.per_iteration + layerOverheads(model, spec.gpu, calibration, host, spec.weights),
    fixedPerSequence: host.per_sequence,
    eagerFloor: eagerFloor(model, spec.gpu, calibration, spec.weights),
    scale: 1 / host.rate,
    queries,
    ...(model.adapters === undefined ? {} : { adapters: model.adapters.count }),
    ...(model.earlyExit === undefined ? {} : { earlyExit: model.earlyExit }),
    ...(parallel === undefined ? {} : { parallel }),
  };
}
