import type { RunLoad } from '../accuracy/measured-run.ts';

/** One run of a benchmark on one's own deployment: what it sent, and what it saw, by the names of our metrics. */
export interface OwnBenchmark {
  /** Where it stands in the file it came from. */
  place: string;
  /** Mean tokens of its prompts and answers. */
  input: number;
  output: number;
  load: RunLoad;
  /** In the units that the names carry. */
  values: readonly { metric: string; value: number }[];
}

/** Loads as benchmark clients state them: so many in flight, a rate, or everything at once. */
export interface StatedLoad {
  /** Requests in flight at most. */
  users?: number | undefined;
  /** Infinity: as fast as the server takes them. */
  perSecond?: number | undefined;
  requests: number;
}

/**
 * What a client's settings come to. A rate sends requests whatever is answered; without one, or with an infinite one,
 * a number in flight makes a closed loop, and none at all sends everything at once.
 */
export function loadOf({ users, perSecond, requests }: StatedLoad): RunLoad {
  if (perSecond !== undefined && perSecond < Number.POSITIVE_INFINITY) {
    return { kind: 'open', requestsPerSecond: perSecond, requests };
  }
  if (users === undefined || users >= requests) return { kind: 'offline', rounds: 1, requests };
  return { kind: 'closed', users, rounds: Math.max(1, Math.round(requests / users)) };
}

/** Time per output token by its formula, from end to end, first token and tokens, whatever a client calls it. */
export function tpotOf(e2e: number, ttft: number, output: number): number | undefined {
  const tpot = (e2e - ttft) / (output - 1);
  return output > 1 && tpot > 0 ? tpot : undefined;
}

/** Values that are there and mean something. */
export function valuesOf(
  entries: readonly [metric: string, value: number | null | undefined][],
): OwnBenchmark['values'] {
  return entries.flatMap(([metric, value]) =>
    value !== undefined && value !== null && Number.isFinite(value) && value > 0 ? [{ metric, value }] : [],
  );
}
