import type { WeightGroup } from '../model/weights.ts';
import type { Seconds, Share } from '../units/quantity.ts';
import { exchangeSeconds } from './exchange.ts';
import { fullestPartOverMean, touchedInFullestPart } from './experts.ts';
import { busyLanes, fullestLane, type LaneLoad, ONE_LANE } from './parallelism.ts';
import { combine } from './roofline.ts';
import { emptyLoad, type StepLoad } from './step-load.ts';
import type { LinearCost, ParallelModel, StepModel } from './step-model.ts';

export { emptyLoad, type StepLoad } from './step-load.ts';
export { compileStepModel, type ReplicaSpec, type StepModel } from './step-model.ts';

/** What the fullest lane carries: all of it where there is one. */
function laneOf(model: StepModel, load: StepLoad): LaneLoad {
  const { parallel, queries } = model;
  if (parallel !== undefined) return fullestLane(parallel.lanes, load, queries);
  return { ...load, expertTokens: tokensOf(model, load), microBatches: 1 };
}

/** Tokens that an iteration puts through the layers. */
function tokensOf(model: StepModel, load: StepLoad): number {
  return load.decodeSequences * model.queries + load.promptTokens;
}

/** Tokens that meet a group of weights, those of the fullest part of the experts; a proposal needs the head too. */
function tokensAt(model: StepModel, use: WeightGroup['use'], load: LaneLoad): number {
  switch (use) {
    case 'every_token':
      return tokensOf(model, load);
    case 'routed':
      return load.expertTokens * fullestPartOverMean(model.experts, load.expertTokens);
    case 'emitted':
      return load.emitted + load.decodeSequences * (model.queries - 1);
    case 'look_up':
      return 0;
  }
}

/** The share of a group's bytes that an iteration reads. */
function touchedAt(model: StepModel, use: WeightGroup['use'], load: LaneLoad): Share {
  if (use !== 'routed') return tokensAt(model, use, load) > 0 ? 1 : 0;
  const alike = model.routedAlike === true && load.promptTokens === 0;
  return touchedInFullestPart(model.experts, alike ? Math.min(load.expertTokens, model.queries) : load.expertTokens);
}

function linearSeconds(model: StepModel, costs: readonly LinearCost[], load: LaneLoad): Seconds {
  let seconds = 0;
  for (const cost of costs) {
    const tokens = tokensAt(model, cost.use, load);
    const memory = cost.memorySeconds * touchedAt(model, cost.use, load);
    seconds += combine(model.combine, cost.secondsPerToken * tokens, memory);
  }
  return seconds;
}

/** All-reduces within the groups, and the exchange between ranks around the experts. */
function collectiveSeconds(model: StepModel, load: LaneLoad): Seconds {
  const tokens = tokensOf(model, load);
  const { allReduce, parallel } = model;
  const reduced = allReduce.calls * (allReduce.latency + allReduce.perToken * tokens);
  if (parallel === undefined) return reduced;
  const { layers, ways } = parallel.exchange;
  return reduced + layers * exchangeSeconds(ways, tokens, load.expertTokens);
}

function handOverSeconds(model: StepModel, load: LaneLoad): Seconds {
  if (model.parallel === undefined) return 0;
  const { times, latency, perToken } = model.parallel.handOver;
  return times * (latency + perToken * tokensOf(model, load));
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
function bodySeconds(model: StepModel, load: LaneLoad): Seconds {
  const dense =
    linearSeconds(model, model.linear, load) +
    collectiveSeconds(model, load) +
    model.fixedPerIteration +
    model.fixedPerSequence * load.emitted;
  const pass = load.promptTokens > 0 ? Math.max(dense, model.eagerFloor) : dense;
  const { parallel } = model;
  if (parallel === undefined || parallel.lanes.stages === 1) return pass;
  return Math.max(pass + handOverSeconds(model, load), load.microBatches * slowestSeconds(model, parallel, load));
}

/** What a micro-batch takes of the slowest part of the pipeline: a stage, or the one host before them. */
function slowestSeconds(model: StepModel, parallel: ParallelModel, load: LaneLoad): Seconds {
  const layers = collectiveSeconds(model, load) + model.fixedPerIteration - parallel.hostPerIteration;
  const stages = parallel.stages.map((stage) => linearSeconds(model, stage.linear, load) + stage.layers * layers);
  return Math.max(parallel.hostPerIteration + model.fixedPerSequence * load.emitted, ...stages);
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
 * With attention data-parallel ranks it is the time of the fullest, for which the others wait at the experts. With
 * stages, sequences run in as many micro-batches, and an iteration is one pass of each: as long as one takes through all
 * stages and the host, or as all of them take in the slowest stage; with fewer sequences than stages some stand idle.
 * A lone prompt is spread over the micro-batches, which is right for throughput and low for its own first token.
 *
 * @source Pope et al. 2022 (Efficiently Scaling Transformer Inference), sec. 2 and 3; coefficients: calibration card;
 *   speculation: Leviathan et al. 2023; stages: Narayanan et al. 2021 (Megatron-LM), sec. 2.2
 * @assumes no overlap between layers, collectives and host; errs high where an engine overlaps them
 * @checkedBy test/perf/step-time.test.ts
 */
export function stepSeconds(model: StepModel, load: StepLoad): Seconds {
  const lane = laneOf(model, load);
  const own = bodySeconds(model, lane) + decodeAttentionSeconds(model, lane) + prefillAttentionSeconds(model, lane);
  return model.scale * (own + draftSeconds(model, load, lane));
}

function draftSeconds(model: StepModel, load: StepLoad, lane: LaneLoad): Seconds {
  const { draft } = model;
  if (draft === undefined || load.decodeSequences === 0) return 0;
  const { model: plain, passes } = draft;
  const attention = plain.scale * decodeAttentionSeconds(plain, lane);
  return passes * (decodeConstant(plain, load.decodeSequences) + attention);
}

/**
 * The part of a decode iteration that does not depend on the contexts:
 * `stepSeconds` = constant(n) + share(n) · (slope_full · S_full + slope_sliding · S_sliding).
 *
 * @source `stepSeconds` without prompts
 * @checkedBy test/perf/step-time.test.ts
 */
export function decodeConstant(model: StepModel, sequences: number): Seconds {
  return stepSeconds(model, { ...emptyLoad(), decodeSequences: sequences, emitted: sequences });
}

/**
 * Share of all context that the fullest lane reads, with so many sequences running: 1 where there is one lane.
 * @source `busyLanes`
 * @checkedBy test/perf/step-time.test.ts
 */
export function contextShare(model: StepModel, sequences: number): Share {
  return model.parallel === undefined ? 1 : 1 / busyLanes(model.parallel.lanes, sequences);
}

/**
 * Seconds that one token of context adds to a decode iteration of its lane, on full and on sliding-window layers.
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
  /** All that passes between GPUs. */
  allReduce: Seconds;
  /** Launches, host and floors; with speculation also the proposals, with stages the wait for the slowest. */
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
export function stepTerms(model: StepModel, all: StepLoad): StepTerms {
  const load = laneOf(model, all);
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
  const collectives = collectiveSeconds(model, load) + handOverSeconds(model, load);
  const seconds = stepSeconds(model, all);
  const { scale } = model;
  const named = scale * (linear + prefill + kv + collectives);
  return {
    seconds,
    compute: scale * (compute + prefill),
    weights: scale * weights,
    kv: scale * kv,
    allReduce: scale * collectives,
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
  const { ranks, stages } = model.parallel?.lanes ?? ONE_LANE;
  let memory = 0;
  let perToken = 0;
  for (const cost of model.linear) {
    memory += cost.memorySeconds;
    perToken += cost.use === 'routed' ? ranks * cost.secondsPerToken : cost.secondsPerToken;
  }
  return (ranks * stages * memory) / perToken;
}
