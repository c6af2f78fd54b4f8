import type { Seconds } from '../units/quantity.ts';
import type { EndedRequest, RunTotals } from './engine-spec.ts';

/** Who watches a run over time. Runs of like iterations come as one span. */
export interface Timeline {
  span(
    start: Seconds,
    seconds: Seconds,
    iterations: number,
    decoding: number,
    promptTokens: number,
    waiting: number,
    usedBlocks: number,
  ): void;
}

export interface RunOptions {
  /** Cuts the run off at the first iteration that would start then or later. */
  until?: Seconds;
  timeline?: Timeline;
}

export function emptyTotals(): RunTotals {
  return {
    offered: 0,
    completed: 0,
    refused: 0,
    unfinished: 0,
    preemptions: 0,
    iterations: 0,
    promptTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    end: 0,
    busySeconds: 0,
    promptSeconds: 0,
    runningSeconds: 0,
    waitingSeconds: 0,
    peakBlocks: 0,
  };
}

export function emptyEnded(): EndedRequest {
  return {
    tag: 0,
    priority: 0,
    input: 0,
    output: 0,
    arrival: 0,
    scheduled: 0,
    waited: 0,
    firstToken: 0,
    finish: 0,
    preemptions: 0,
  };
}
