import type { Seconds, Tokens, Watts } from '../../units/quantity.ts';

/** A latency over the requests of a run. */
export interface LatencyFigures {
  mean: Seconds;
  p50: Seconds;
  p99: Seconds;
}

/** What a predictor says of one run, whichever way it came about: enough for every metric that was measured of it. */
export interface RunFigures {
  ttft?: LatencyFigures;
  /** Per request: (end to end − TTFT) over the tokens after the first. Absent where there are none. */
  tpot?: LatencyFigures;
  /** Between two tokens of a request, each gap counted. */
  itl?: LatencyFigures;
  /** From the start to the last answer of a static batch. */
  batchSeconds?: Seconds;
  /** Of the whole system, and the mean lengths of a request, to make rates of it. */
  requestsPerSecond: number;
  input: Tokens;
  output: Tokens;
  promptTokensPerSecond?: number;
  /** Mean power of one board, where the GPU's card lists a TDP. */
  boardWatts?: Watts;
}
