import type { StepModel } from '../perf/step-time.ts';
import type { Seconds, Tokens } from '../units/quantity.ts';

/** How the engine of one replica schedules, with every number settled. */
export type SchedulingRule =
  | { kind: 'continuous'; prefill: 'chunked' | 'whole' }
  | { kind: 'static'; batch: number; maxWait: Seconds }
  | {
      kind: 'disaggregated';
      prefillInstances: number;
      decodeInstances: number;
      /** Time for a prompt's cache to reach the decoding GPUs: latency + per token over full and sliding layers. */
      transfer: { latency: Seconds; perToken: Seconds; perWindowToken: Seconds };
    };

/** Instances of the engine that make one replica: one, or those of both pools. */
export function instancesOf(rule: SchedulingRule): number {
  return rule.kind === 'disaggregated' ? rule.prefillInstances + rule.decodeInstances : 1;
}

/** Those of them that decode, and so hold the cache of running requests. */
export function answeringInstances(rule: SchedulingRule): number {
  return rule.kind === 'disaggregated' ? rule.decodeInstances : 1;
}

/** Everything the request-by-request simulation of one replica rests on. Plain data. */
export interface EngineSpec {
  step: StepModel;
  /** Sequences that may run at once, per instance; at most the token budget, as vLLM demands. */
  slots: number;
  /** Tokens that one iteration may carry: one for each decoding sequence (and proposal), the rest for prompts. */
  tokenBudget: number;
  /** Tokens of cache that are handed out together, and how many such blocks an instance has; Infinity for no limit. */
  blockTokens: Tokens;
  kvBlocks: number;
  /** Blocks' worth of room that each running sequence takes besides: the constant state of linear layers. */
  stateBlocks: number;
  /** Most tokens of prompt and answer that the model takes; longer requests are refused. Infinity where not known. */
  maxContext: Tokens;
  /** Tokens that a sliding-window layer attends to; Infinity where there is none. */
  window: Tokens;
  /** Whether a request is admitted only if there is room for its longest, instead of growing block by block. */
  reservesLongest: boolean;
  scheduling: SchedulingRule;
  prefixCache: boolean;
  /** Proposed tokens a pass (0 for none), and the mean number of tokens a pass yields: at least 1, at most depth + 1. */
  speculativeDepth: number;
  tokensPerPass: number;
}

/** What became of one request. The engine writes into one record of its own: a sink copies what it keeps. */
export interface EndedRequest {
  tag: number;
  priority: 0 | 1;
  input: Tokens;
  output: Tokens;
  arrival: Seconds;
  /** Start of the iteration that first carried any of its prompt. */
  scheduled: Seconds;
  /** In all, in queues: before it first ran, again after it was sent back, and for an instance that answers. */
  waited: Seconds;
  firstToken: Seconds;
  finish: Seconds;
  preemptions: number;
}

/** Who is told of every request that ended with an answer. */
export interface RequestSink {
  ended(request: EndedRequest): void;
}

/** Sums over a run. Requests: offered = completed + refused + unfinished. */
export interface RunTotals {
  offered: number;
  completed: number;
  /** Could never fit into the cache, or are longer than the model's context. */
  refused: number;
  /** Still waiting or running when the run was cut off. */
  unfinished: number;
  preemptions: number;
  iterations: number;
  /** Prompt tokens computed (recomputed ones again) and prompt tokens found in the cache. */
  promptTokens: Tokens;
  cachedTokens: Tokens;
  outputTokens: Tokens;
  /** When the run ended, and how much of it an instance spent on iterations, summed over instances. */
  end: Seconds;
  busySeconds: Seconds;
  /** Of the busy time, what prompts took: whole iterations less what they would have taken without prompts. */
  promptSeconds: Seconds;
  /** Integral of the number running, and of the number waiting, over time. */
  runningSeconds: number;
  waitingSeconds: number;
  /** Most blocks in use at once on one instance. */
  peakBlocks: number;
}

/** Whether a request can never be run: its longest exceeds the whole cache, or the model's context. */
export function isTooLong(spec: EngineSpec, input: Tokens, output: Tokens): boolean {
  const blocks = Math.ceil((input + output - 1 + spec.speculativeDepth) / spec.blockTokens) + spec.stateBlocks;
  return blocks > spec.kvBlocks || input + output > spec.maxContext;
}
