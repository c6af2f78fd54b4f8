import { type WeightGroup, weightGroups } from '../model/weights.ts';
import type { Speculation } from '../scenario/plan.ts';
import type { CalibrationCard, EngineCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { KvFormat, ModelCard, WeightFormat } from '../schema/model.ts';
import type { Seconds, Tokens } from '../units/quantity.ts';
import { type AttentionCost, attentionCost } from './attention.ts';
import { activationBytes, allReduceCost } from './collectives.ts';
import { touchedExpertShare } from './experts.ts';
import { eagerFloor, layerOverheads } from './overheads.ts';
import { combine, linearRates } from './roofline.ts';

/** What one iteration of the engine carries. Contexts are sums over sequences; sliding ones are capped per sequence. */
export interface StepLoad {
  decodeSequences: number;
  contextFull: Tokens;
  contextSliding: Tokens;
  promptTokens: Tokens;
  /** Sum over prompt tokens of the positions each attends to. */
  promptWorkFull: number;
  promptWorkSliding: number;
  /** Tokens of cache the prompt chunks read (their past) and write. */
  promptKvTokens: Tokens;
  /** Sequences that emit a token: the decoding ones, and prompts whose last chunk this is. */
  emitted: number;
}

/**
 * An iteration that carries nothing, to be filled in.
 * @source `StepLoad`
 */
export function emptyLoad(): StepLoad {
  return {
    decodeSequences: 0,
    contextFull: 0,
    contextSliding: 0,
    promptTokens: 0,
    promptWorkFull: 0,
    promptWorkSliding: 0,
    promptKvTokens: 0,
    emitted: 0,
  };
}

/** Weights of one format and use, reduced to two costs. */
interface LinearCost {
  use: WeightGroup['use'];
  memorySeconds: Seconds;
  secondsPerToken: Seconds;
  bytes: number;
  flopPerToken: number;
}

/** Everything about a replica that does not change between iterations. Plain data. */
export interface StepModel {
  combine: CalibrationCard['combine'];
  linear: readonly LinearCost[];
  experts: { count: number; perToken: number; dispersion?: number };
  /** All sequences carry the same text, so that each pass routes them to the same experts. */
  routedAlike?: boolean;
  attention: AttentionCost;
  allReduce: { calls: number; latency: Seconds; perToken: Seconds };
  fixedPerIteration: Seconds;
  fixedPerSequence: Seconds;
  /** Least time of everything but attention in an iteration with prompt tokens, which runs without graphs. */
  eagerFloor: Seconds;
  /** All times are multiplied by this; 1 unless a measured rate of the replica is given. */
  scale: number;
  /** Tokens that a decoding sequence puts through a pass: itself and what was proposed for it. */
  queries: number;
  /** Proposing them: as many passes of the model below over one token a sequence as a pass's proposals cost. */
  draft?: { passes: number; model: StepModel };
}

export interface ReplicaSpec {
  model: ModelCard;
  gpu: GpuCard;
  calibration: CalibrationCard;
  host: EngineCard['host'];
  weights: WeightFormat;
  kvCache: KvFormat;
  tensorParallel: number;
  speculation?: Speculation | undefined;
}

function linearCosts(spec: ReplicaSpec): LinearCost[] {
  const groups = weightGroups(spec.model, spec.weights, spec.tensorParallel);
  return groups
    .filter((group) => group.use !== 'look_up')
    .map((group) => {
      const rates = linearRates(spec.gpu, spec.calibration, group.format, group.use === 'routed');
      const flopPerToken = 2 * group.activePerTokenPerGpu;
      return {
        use: group.use,
        memorySeconds: group.bytesPerGpu / rates.bytesPerSecond,
        secondsPerToken: flopPerToken / rates.flopPerSecond,
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

function compilePasses(spec: ReplicaSpec, queries: number): StepModel {
  const { model, calibration, host } = spec;
  const allReduce = allReduceCost(spec.gpu, calibration, spec.tensorParallel);
  return {
    combine: calibration.combine,
    linear: linearCosts(spec),
    experts: {
      count: model.moe?.experts ?? 1,
      perToken: model.moe?.experts_per_token ?? 1,
      dispersion: calibration.expert_dispersion,
    },
    attention: attentionCost(model, spec.gpu, calibration, spec.kvCache, spec.tensorParallel, queries),
    allReduce: {
      calls: 2 * model.layers,
      latency: allReduce.latency * host.launch_scale,
      perToken: allReduce.perByte * activationBytes(1, model.hidden_size),
    },
    fixedPerIteration: host.per_iteration + layerOverheads(model, spec.gpu, calibration, host, spec.weights),
    fixedPerSequence: host.per_sequence,
    eagerFloor: eagerFloor(model, spec.gpu, calibration, spec.weights),
    scale: 1,
    queries,
  };
}

/** Tokens that an iteration puts through the layers. */
function tokensOf(model: StepModel, load: StepLoad): number {
  return load.decodeSequences * model.queries + load.promptTokens;
}

/** How many of them meet a group of weights; a proposal needs the head as much as an answer does. */
function tokensAt(model: StepModel, use: WeightGroup['use'], load: StepLoad): number {
  switch (use) {
    case 'every_token':
    case 'routed':
      return tokensOf(model, load);
    case 'emitted':
      return load.emitted + load.decodeSequences * (model.queries - 1);
    case 'look_up':
      return 0;
  }
}

/** The share of a group's bytes that so many tokens read. */
function touchedAt(model: StepModel, use: WeightGroup['use'], load: StepLoad): number {
  const tokens = tokensAt(model, use, load);
  if (use !== 'routed') return tokens > 0 ? 1 : 0;
  const { count, perToken, dispersion } = model.experts;
  const alike = model.routedAlike === true && load.promptTokens === 0;
  return touchedExpertShare(count, perToken, alike ? Math.min(tokens, model.queries) : tokens, dispersion);
}

function linearSeconds(model: StepModel, load: StepLoad): Seconds {
  let seconds = 0;
  for (const cost of model.linear) {
    const tokens = tokensAt(model, cost.use, load);
    const memory = cost.memorySeconds * touchedAt(model, cost.use, load);
    seconds += combine(model.combine, cost.secondsPerToken * tokens, memory);
  }
  return seconds;
}

function allReduceSeconds(model: StepModel, tokens: number): Seconds {
  return model.allReduce.calls * (model.allReduce.latency + model.allReduce.perToken * tokens);
}

function decodeAttentionSeconds(model: StepModel, load: StepLoad): Seconds {
  return model.attention.decodeFull * load.contextFull + model.attention.decodeSliding * load.contextSliding;
}

function prefillAttentionSeconds(model: StepModel, load: StepLoad): Seconds {
  const { prefillFull, prefillSliding, prefillKv } = model.attention;
  const compute = prefillFull * load.promptWorkFull + prefillSliding * load.promptWorkSliding;
  return combine(model.combine, compute, prefillKv * load.promptKvTokens);
}

/** All of an iteration but attention and proposals, before the scale. */
function bodySeconds(model: StepModel, load: StepLoad): Seconds {
  const dense =
    linearSeconds(model, load) +
    allReduceSeconds(model, tokensOf(model, load)) +
    model.fixedPerIteration +
    model.fixedPerSequence * load.emitted;
  return load.promptTokens > 0 ? Math.max(dense, model.eagerFloor) : dense;
}

/**
 * Time of one iteration:
 *
 *   t = max(linear + all-reduce + fixed, eager floor if there are prompt tokens) + attention
 *
 * For given token counts it is affine in the total context of each attention class, with coefficients that do not
 * depend on it: the replica simulator sums runs of iterations in closed form on the strength of this (see
 * `decodeConstant` and `decodeSlopes`).
 *
 * With speculation a pass verifies depth + 1 tokens a sequence, and proposing them comes on top.
 *
 * @source Pope et al. 2022 (Efficiently Scaling Transformer Inference), sec. 2 and 3; coefficients: calibration card;
 *   speculation: Leviathan et al. 2023
 * @assumes no overlap between layers, collectives and host; errs high where an engine overlaps them
 * @checkedBy test/perf/step-time.test.ts
 */
export function stepSeconds(model: StepModel, load: StepLoad): Seconds {
  const own = bodySeconds(model, load) + decodeAttentionSeconds(model, load) + prefillAttentionSeconds(model, load);
  return model.scale * (own + draftSeconds(model, load));
}

function draftSeconds(model: StepModel, load: StepLoad): Seconds {
  const { draft } = model;
  if (draft === undefined || load.decodeSequences === 0) return 0;
  const { model: plain, passes } = draft;
  const attention = plain.scale * decodeAttentionSeconds(plain, load);
  return passes * (decodeConstant(plain, load.decodeSequences) + attention);
}

/**
 * The part of a decode iteration that does not depend on the contexts:
 * `stepSeconds` = constant(n) + slope_full · S_full + slope_sliding · S_sliding.
 *
 * @source `stepSeconds` without prompts
 * @checkedBy test/perf/step-time.test.ts
 */
export function decodeConstant(model: StepModel, sequences: number): Seconds {
  return stepSeconds(model, { ...emptyLoad(), decodeSequences: sequences, emitted: sequences });
}

/**
 * Seconds that one token of context adds to a decode iteration, on full and on sliding-window layers.
 *
 * @source `stepSeconds`, whose attention it is
 * @checkedBy test/perf/step-time.test.ts
 */
export function decodeSlopes(model: StepModel): { full: Seconds; sliding: Seconds } {
  const { draft, attention, scale } = model;
  const drafting = draft === undefined ? { full: 0, sliding: 0 } : decodeSlopes(draft.model);
  const passes = draft?.passes ?? 0;
  return {
    full: scale * (attention.decodeFull + passes * drafting.full),
    sliding: scale * (attention.decodeSliding + passes * drafting.sliding),
  };
}

/** A step's time by what it waits for, and the linear layers' traffic. Terms sum to `seconds`. */
export interface StepTerms {
  seconds: Seconds;
  compute: Seconds;
  weights: Seconds;
  kv: Seconds;
  allReduce: Seconds;
  /** Launches, host and floors; with speculation also the proposals. */
  fixed: Seconds;
  linearFlop: number;
  linearBytes: number;
  linearSeconds: Seconds;
}

/**
 * The same step split by what binds it. Where the roofline's maximum decides, the lesser cost is hidden and counts 0.
 *
 * @source `stepSeconds`, term by term
 * @checkedBy test/perf/step-time.test.ts
 */
export function stepTerms(model: StepModel, load: StepLoad): StepTerms {
  let compute = 0;
  let weights = 0;
  let linearFlop = 0;
  let linearBytes = 0;
  for (const cost of model.linear) {
    const tokens = tokensAt(model, cost.use, load);
    const touched = touchedAt(model, cost.use, load);
    const flopSeconds = cost.secondsPerToken * tokens;
    const byteSeconds = cost.memorySeconds * touched;
    const hidden = model.combine === 'max';
    compute += hidden && flopSeconds < byteSeconds ? 0 : flopSeconds;
    weights += hidden && byteSeconds <= flopSeconds ? 0 : byteSeconds;
    linearFlop += cost.flopPerToken * tokens;
    linearBytes += cost.bytes * touched;
  }
  const linear = compute + weights;
  const prefill = prefillAttentionSeconds(model, load);
  const kv = decodeAttentionSeconds(model, load);
  const allReduce = allReduceSeconds(model, tokensOf(model, load));
  const seconds = stepSeconds(model, load);
  const { scale } = model;
  const named = scale * (linear + prefill + kv + allReduce);
  return {
    seconds,
    compute: scale * (compute + prefill),
    weights: scale * weights,
    kv: scale * kv,
    allReduce: scale * allReduce,
    fixed: Math.max(0, seconds - named),
    linearFlop,
    linearBytes,
    linearSeconds: scale * linear,
  };
}

/**
 * Decoding sequences at which the linear layers stop being bound by memory and start being bound by compute, cache
 * and overheads left out: F·b/(2·B) for a dense model.
 *
 * @returns Infinity where a token costs no compute
 * @source Williams et al. 2009: the ridge point of the roofline, in tokens
 * @checkedBy test/acceptance/engine.test.ts
 */
export function crossoverBatch(model: StepModel): number {
  let memory = 0;
  let perToken = 0;
  for (const cost of model.linear) {
    memory += cost.memorySeconds;
    perToken += cost.secondsPerToken;
  }
  return memory / perToken;
}
