import type { KvFormat, WeightFormat } from '../../schema/model.ts';
import type { Tokens } from '../../units/quantity.ts';

/** How requests reach the engine while it is measured. */
export type RunLoad =
  /** A fixed number in flight, the first ones together, each answer followed by the next request. */
  | { kind: 'closed'; users: number; rounds: number }
  /** All start together and none follows. */
  | { kind: 'static'; batch: number }
  /** Everything queued at once: a number of requests, or so many times what may run at once. */
  | { kind: 'offline'; rounds: number; requests?: number }
  /** Poisson arrivals. */
  | { kind: 'open'; requestsPerSecond: number; requests: number };

/** Lengths drawn evenly between shares of the nominal ones; both 1 for fixed lengths. */
export interface Spread {
  low: number;
  high: number;
}

/** One measured configuration: what ran, on what, under which load. Plain data; names are ids of cards. */
export interface MeasuredRun {
  model: string;
  gpu: string;
  engine: string;
  gpus: number;
  tensorParallel: number;
  /** Stages that share the layers, each working on its own part of the requests. */
  stages: number;
  /** Parts that experts are dealt to, and copies of attention that share them; one each where absent. */
  expertParallel?: number;
  attentionRanks?: number;
  /** Engines side by side, which share the requests. */
  copies: number;
  weights: WeightFormat;
  kvCache: KvFormat;
  /** Nominal lengths. */
  input: Tokens;
  output: Tokens;
  spread: Spread;
  load: RunLoad;
  /** What the benchmark set, where it is not the engine's default. */
  settings: { tokenBudget?: number; memoryFraction?: number; promptWaitIterations?: number; promptsAlike?: boolean };
}

/** What one engine sees: the requests in flight are shared among them all. */
export function requestsHere(run: MeasuredRun, all: number): number {
  return Math.max(1, Math.round(all / run.copies));
}
