import { crossoverBatch, type StepTerms, stepTerms } from '../perf/step-time.ts';
import type { Plan } from '../scenario/plan.ts';
import { answeringInstances } from '../serving/engine-spec.ts';
import type { Replica } from '../serving/replica.ts';
import { iteration } from '../serving/steady-state.ts';

/** One iteration, with its linear layers' work per GPU. Shares sum to 1. */
export interface StepReport {
  sequences: number;
  prompt_tokens: number;
  seconds: number;
  linear_flop_per_gpu: number;
  linear_bytes_per_gpu: number;
  /** FLOP/s that the linear layers reach on one GPU. */
  linear_flop_per_s_per_gpu: number;
  shares: { compute: number; weights: number; kv: number; all_reduce: number; fixed: number };
}

/** What the numbers rest on, for readers who check. */
export interface Physics {
  engine: string;
  upper_bound: boolean;
  sequence_slots: number;
  slot_limit: string;
  /** Decoding sequences at which the linear layers turn from memory-bound to compute-bound. */
  crossover_batch: number;
  /** Passes a request takes: the prefill, which emits the first token, and one for every further token. */
  prefill_passes: number;
  decode_passes: number;
  /** Tokens that a decode pass yields a sequence on average: 1, or more where tokens are proposed and verified. */
  tokens_per_pass: number;
  single_sequence_steps_per_s: number;
  prefill: StepReport;
  decode_single: StepReport;
  decode_at_peak: StepReport;
  decode_full: StepReport;
}

function report(terms: StepTerms, sequences: number, promptTokens: number): StepReport {
  const share = (part: number) => part / terms.seconds;
  return {
    sequences,
    prompt_tokens: promptTokens,
    seconds: terms.seconds,
    linear_flop_per_gpu: terms.linearFlop,
    linear_bytes_per_gpu: terms.linearBytes,
    linear_flop_per_s_per_gpu: terms.linearFlop / terms.linearSeconds,
    shares: {
      compute: share(terms.compute),
      weights: share(terms.weights),
      kv: share(terms.kv),
      all_reduce: share(terms.allReduce),
      fixed: share(terms.fixed),
    },
  };
}

/** @param running mean sequences in flight in the busiest step */
export function describePhysics(plan: Plan, replica: Replica, running: number): Physics {
  const decode = (sequences: number) => report(stepTerms(replica.step, iteration(replica, sequences, 0)), sequences, 0);
  const { means } = replica;
  const answering = answeringInstances(replica.engine.scheduling);
  const chunk = Math.min(means.newPrompt, replica.tokenBudget);
  return {
    engine: plan.engineName,
    upper_bound: plan.engine.upper_bound,
    sequence_slots: replica.slots * answering,
    slot_limit: replica.slotLimit,
    crossover_batch: crossoverBatch(replica.step),
    prefill_passes: Math.ceil(means.newPrompt / replica.tokenBudget),
    decode_passes: means.decodePasses,
    tokens_per_pass: replica.tokensPerPass,
    single_sequence_steps_per_s: 1 / decode(1).seconds,
    prefill: report(stepTerms(replica.step, iteration(replica, 0, chunk)), 0, chunk),
    decode_single: decode(1),
    decode_at_peak: decode(Math.max(1, running / answering)),
    decode_full: decode(replica.slots),
  };
}
