import { attentionCap } from '../model/attention-parts.ts';
import { cacheUse, kvBytesPerSequence } from '../model/kv-cache.ts';
import { fitMemory, type MemoryFit } from '../model/memory-fit.ts';
import { weightBytesPerGpu } from '../model/weights.ts';
import { compileStepModel, emptyLoad, type StepModel, stepTerms } from '../perf/step-time.ts';
import type { Plan } from '../scenario/plan.ts';
import { InfeasibleError } from '../schema/problem.ts';
import { type FrontEndCost, NO_FRONT_END } from '../traffic/front-end.ts';
import type { Bytes, Seconds, Tokens } from '../units/quantity.ts';
import type { EngineSpec, SchedulingRule } from './engine-spec.ts';
import { type MixMeans, mixMeans } from './request-mix.ts';
import { tokensPerPass } from './speculation.ts';

/** What stops a replica from running more sequences, or from taking more load. */
export type Limit = 'max_batch' | 'kv_cache' | 'token_budget' | 'front_end' | 'ttft' | 'tpot';

/** One instance of the engine on its GPUs, ready to be asked how fast it runs this mix. Plain data. */
export interface Replica {
  step: StepModel;
  means: MixMeans;
  /** Sequences that may be in flight at once, and what sets that number. */
  slots: number;
  slotLimit: 'max_batch' | 'kv_cache';
  tokenBudget: number;
  /** Tokens that a decode pass yields a sequence, on average: one, or more with speculation. */
  tokensPerPass: number;
  /** What a request passes before the engine sees it: it takes no time of the GPUs, but one process does it all. */
  frontEnd: FrontEndCost;
  /** How its engine schedules, for the simulation request by request. */
  engine: Omit<EngineSpec, 'step'>;
  window: Tokens;
  arrivalCv: number;
  outputCv: number;
  weightBytesPerGpu: Bytes;
  kvBytesPerToken: Bytes;
  /** Absent where a measured rate stands in for a model that would not fit by our arithmetic. */
  kvCapacityTokens?: Tokens;
  warnings: readonly string[];
}

function fitOrWarn(plan: Plan, means: MixMeans): { fit?: MemoryFit; warnings: string[] } {
  const linked = plan.calibration.all_reduce.collectives ? (plan.gpu.link?.gpus ?? 1) : undefined;
  const fitted = () =>
    fitMemory(plan.model, plan.serving, plan.engine.block_tokens, means.context, means.longest, linked);
  if (plan.serving.measuredOutputTokensPerSecond === undefined) return { fit: fitted(), warnings: [] };
  try {
    return { fit: fitted(), warnings: [] };
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
    return { warnings: [`${error.message}; the measured rate is used all the same`] };
  }
}

/**
 * Time for a prompt's cache to cross the network, each GPU sending its part to its peer.
 *
 * @assumes the transfer starts when the prompt is done; engines that send layer by layer hide part of it
 */
function transferOf(plan: Plan, network: { bandwidth: number; latency: Seconds }) {
  const { model, serving } = plan;
  const { perToken, perWindowToken, perSequence } = cacheUse(model, serving.kvCache, serving.tensorParallel);
  const secondsPerByte = 1 / (serving.pipelineParallel * network.bandwidth);
  return {
    latency: network.latency + perSequence * secondsPerByte,
    perToken: perToken * secondsPerByte,
    perWindowToken: perWindowToken * secondsPerByte,
  };
}

function schedulingRule(plan: Plan): SchedulingRule {
  const { scheduling } = plan.serving;
  if (scheduling.kind === 'continuous') return scheduling;
  // A batch waits for no more than can run together.
  if (scheduling.kind === 'static')
    return { ...scheduling, batch: Math.min(scheduling.batch, limitsOf(plan).maxBatch) };
  const { prefillInstances, decodeInstances, network } = scheduling;
  if (prefillInstances === 'auto' || decodeInstances === 'auto') throw new RangeError('pools must be settled first');
  return { kind: 'disaggregated', prefillInstances, decodeInstances, transfer: transferOf(plan, network) };
}

function frontEndOf({ engine }: Plan): FrontEndCost {
  const cost = engine.host.front_end;
  if (cost === undefined) return NO_FRONT_END;
  return { latency: cost.latency, perRequest: cost.per_request, perPromptToken: cost.per_prompt_token };
}

/**
 * What a prompt's way through all stages takes beyond the part of it that an iteration counts. A lone prompt runs
 * through the stages in one micro-batch; an iteration spreads it over all of them, as throughput has it, so that it
 * holds an s-th of the arithmetic. The rest delays its first token and nothing else.
 *
 * @assumes one chunk: the next chunk of a long prompt follows before the first is through, and so does the delay
 */
function pipelineFill(step: StepModel, means: MixMeans, tokenBudget: Tokens): Seconds {
  const stages = step.parallel?.lanes.stages ?? 1;
  if (stages === 1) return 0;
  const tokens = Math.min(means.newPrompt, tokenBudget);
  const work = (tokens * tokens) / 2;
  const chunk = { ...emptyLoad(), promptTokens: tokens, promptWorkFull: work, promptKvTokens: tokens, emitted: 1 };
  const { compute, kv, allReduce } = stepTerms(step, chunk);
  return (stages - 1) * (compute + kv + allReduce);
}

/** The engine's limits, which hold for each attention rank; each stage's micro-batch has a token budget of its own. */
function limitsOf({ serving }: Plan): { maxBatch: number; tokenBudget: Tokens } {
  const { attentionDataParallel: ranks, pipelineParallel: stages } = serving;
  return { maxBatch: serving.maxBatch * ranks, tokenBudget: serving.tokenBudget * ranks * stages };
}

/** Blocks a prompt may have where each is looked up by name; beyond, several count as one. */
const MOST_NAMED_BLOCKS = 128;

/** No block grows beyond this, which is what public traces name their prompts by (Mooncake). */
const LARGEST_NAMED_BLOCK = 512;

/**
 * Tokens that the simulation hands out together: the engine's block, or where prefixes are kept a power of two of them,
 * so that a mean request has no more than 128 to look up. A hit is then rounded down, and what a request holds up, by
 * half of such a block on average: 0.4 % of it, on the safe side.
 */
function blockTokens({ engine, serving }: Plan, means: MixMeans): Tokens {
  let tokens = engine.block_tokens;
  if (!serving.prefixCache) return tokens;
  while (means.context / tokens > MOST_NAMED_BLOCKS && 2 * tokens <= LARGEST_NAMED_BLOCK) tokens *= 2;
  return tokens;
}

/** Sequences are also limited by the budget: each takes its token, and one for each proposal, of every iteration. */
function mostAtOnce(plan: Plan): number {
  const { maxBatch, tokenBudget } = limitsOf(plan);
  return Math.max(1, Math.min(maxBatch, Math.floor(tokenBudget / ((plan.serving.speculation?.depth ?? 0) + 1))));
}

function engineOf(plan: Plan, means: MixMeans, fit: MemoryFit | undefined): Replica['engine'] {
  const { engine, serving, model } = plan;
  const depth = serving.speculation?.depth ?? 0;
  const block = blockTokens(plan, means);
  return {
    slots: mostAtOnce(plan),
    tokenBudget: Math.max(depth + 1, limitsOf(plan).tokenBudget),
    blockTokens: block,
    kvBlocks: fit === undefined ? Number.POSITIVE_INFINITY : Math.floor(fit.cacheTokens / block),
    stateBlocks: fit === undefined ? 0 : Math.ceil(fit.stateTokens / block),
    maxContext: model.max_context ?? Number.POSITIVE_INFINITY,
    window: attentionCap(model),
    reservesLongest: engine.reserves_longest,
    scheduling: schedulingRule(plan),
    prefixCache: serving.prefixCache,
    speculativeDepth: depth,
    tokensPerPass: tokensPerPass(serving.speculation),
  };
}

/** The replica as its request-by-request simulation sees it. */
export function engineSpec(replica: Replica): EngineSpec {
  return { ...replica.engine, step: replica.step };
}

/** Engines split heads evenly over the group, or copy KV heads evenly, and refuse to start otherwise. */
function requireEvenHeads(plan: Plan): void {
  const { heads, kv_heads: kvHeads, mla } = plan.model;
  const { tensorParallel } = plan.serving;
  const refuse = (why: string) => {
    throw new InfeasibleError('no_fit', `tensor_parallel ${tensorParallel} cannot be: ${why}`);
  };
  if (heads % tensorParallel !== 0) refuse(`${heads} query heads do not split evenly`);
  if (mla !== undefined || kvHeads % tensorParallel === 0 || tensorParallel % kvHeads === 0) return;
  refuse(`${kvHeads} KV heads are neither split nor copied evenly`);
}

function stepModelOf({ model, gpu, calibration, engine, serving }: Plan, means: MixMeans): StepModel {
  const { host } = engine;
  const promptGrain = Math.min(means.newPrompt, serving.tokenBudget);
  return compileStepModel({ ...serving, model, gpu, calibration, host, promptGrain });
}

/**
 * The replica a plan describes: fitted into memory, compiled to step-time coefficients, its sequence slots counted.
 *
 * A running sequence holds its mean context, or what it may grow to where the engine reserves that, plus on average
 * half a block that is not full, and its constant state where the model keeps one.
 *
 * @throws InfeasibleError `no_fit` where weights and one request do not fit
 */
export function buildReplica(plan: Plan): Replica {
  const { serving, model } = plan;
  requireEvenHeads(plan);
  const means = mixMeans(plan.traffic.mix, tokensPerPass(serving.speculation));
  const { fit, warnings } = fitOrWarn(plan, means);
  const held = plan.engine.reserves_longest ? means.longest : means.context;
  const perSequence = held + (plan.engine.block_tokens - 1) / 2 + (fit?.stateTokens ?? 0);
  const byMemory =
    fit === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(fit.cacheTokens / perSequence));
  const context = Math.max(1, means.context);
  const step = stepModelOf(plan, means);
  const frontEnd = frontEndOf(plan);
  return {
    step,
    means,
    slots: Math.min(mostAtOnce(plan), byMemory),
    slotLimit: byMemory < mostAtOnce(plan) ? 'kv_cache' : 'max_batch',
    tokenBudget: limitsOf(plan).tokenBudget,
    tokensPerPass: tokensPerPass(serving.speculation),
    frontEnd: { ...frontEnd, latency: frontEnd.latency + pipelineFill(step, means, serving.tokenBudget) },
    engine: engineOf(plan, means, fit),
    window: attentionCap(model),
    arrivalCv: plan.traffic.arrivalCv,
    outputCv: plan.traffic.mix.output.cv,
    weightBytesPerGpu: weightBytesPerGpu(model, serving.weights, serving),
    kvBytesPerToken: kvBytesPerSequence(model, serving.kvCache, 1, context) / context,
    ...(fit === undefined ? {} : { kvCapacityTokens: fit.kvCapacityTokens }),
    warnings,
  };
}
