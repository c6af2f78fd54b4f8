import type { Tokens } from '../units/quantity.ts';
import type { StepLoad } from './step-load.ts';

/**
 * Parts of a replica that work on sequences of their own: attention data-parallel ranks, and the micro-batches that
 * fill the stages of a pipeline, one for each. An iteration of the replica is one pass of each lane.
 */
export interface Lanes {
  ranks: number;
  stages: number;
  /** Tokens of a prompt's usual chunk, which lies on one rank while the others wait for it at the next layer. */
  promptGrain: Tokens;
}

/** What the fullest lane carries, and the tokens that meet its experts, those of the other ranks among them. */
export interface LaneLoad extends StepLoad {
  expertTokens: Tokens;
  /** Micro-batches in flight: those of the stages, unless there are fewer sequences. */
  microBatches: number;
}

/** Where one group does it all. */
export const ONE_LANE: Lanes = { ranks: 1, stages: 1, promptGrain: 0 };

/**
 * Lanes that have a sequence, which come to ranks first.
 * @source vLLM keeps as many batches in flight as there are stages (`max_concurrent_batches`)
 * @checkedBy test/perf/parallelism.test.ts
 */
export function busyLanes({ ranks, stages }: Lanes, sequences: number): number {
  return Math.min(ranks * stages, Math.max(1, sequences));
}

/**
 * The fullest lane of an iteration. Sequences are dealt evenly. A prompt is not shared between ranks, and is spread over
 * the micro-batches of the stages, which pass through one after another:
 *
 *   n' = n / busy,   S' = S / busy,   P' = max(P/ranks, min(P, grain)) / stages
 *
 * @assumes ranks are balanced by sequences and by context; real ones are not quite, so this errs low
 * @source vLLM data-parallel deployment: ranks step together, each with its own cache
 * @checkedBy test/perf/parallelism.test.ts
 */
export function fullestLane(lanes: Lanes, load: StepLoad, queries: number): LaneLoad {
  const { ranks, stages, promptGrain } = lanes;
  const { decodeSequences, promptTokens } = load;
  const busy = busyLanes(lanes, decodeSequences);
  const busyRanks = Math.min(ranks, busy);
  const sequences = decodeSequences / busy;
  const prompt = Math.max(promptTokens / ranks, Math.min(promptTokens, promptGrain)) / stages;
  const promptShare = promptTokens > 0 ? prompt / promptTokens : 0;
  return {
    decodeSequences: sequences,
    contextFull: load.contextFull / busy,
    contextSliding: load.contextSliding / busy,
    promptTokens: prompt,
    promptWorkFull: load.promptWorkFull * promptShare,
    promptWorkSliding: load.promptWorkSliding * promptShare,
    promptKvTokens: load.promptKvTokens * promptShare,
    emitted: sequences + (load.emitted - decodeSequences) * promptShare,
    expertTokens: sequences * queries * busyRanks + promptTokens / stages,
    microBatches: promptTokens > 0 ? stages : busy / busyRanks,
  };
}
