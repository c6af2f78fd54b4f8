import { CountTable, quantileOfCounts } from '../math/count-table.ts';
import { IdSet } from '../math/id-set.ts';
import { RunningCorrelation } from '../math/running-moments.ts';
import type { Seconds, Tokens } from '../units/quantity.ts';
import { type ArrivalFigures, ArrivalStatistics } from './arrival-statistics.ts';
import { HourlyLoad } from './hourly-load.ts';
import type { TraceRequest } from './trace-request.ts';

export interface LengthFigures {
  mean: Tokens;
  cv: number;
  p50: Tokens;
  p90: Tokens;
  p95: Tokens;
  p99: Tokens;
  max: Tokens;
}

export interface TraceFigures {
  requests: number;
  arrivals: ArrivalFigures;
  /** Requests per second by hour of the day (24) or of the week (168, Monday first); a trace too short has none. */
  hourlyRates?: number[];
  input: LengthFigures;
  output: LengthFigures;
  /** Answers without a token. */
  emptyOutputs: number;
  /** Of prompt and answer lengths; absent where either does not vary. */
  correlation?: number;
  /** The same of their logarithms, empty answers left out. */
  logCorrelation?: number;
  /** Share of prompt tokens that the trace says were cached. */
  cached?: number;
  repeats?: RepeatFigures;
  sessions?: { count: number; requestsEach: number };
}

/** What a cache without end would hold already, where the trace names its blocks. */
export interface RepeatFigures {
  /** Share of blocks that an earlier request had, wherever they stand. */
  blocks: number;
  /** Share of prompt tokens in the run of such blocks that a prompt begins with: what a prefix cache can use. */
  prefixTokens: number;
}

/**
 * What a trace amounts to, in one pass and in memory that does not grow with its rows, but with its distinct lengths,
 * blocks and sessions.
 *
 * @param origin seconds from Monday 00:00 to the first request; 0 where the clock is not known
 */
export function traceStatistics(requests: Iterable<TraceRequest>, origin: Seconds = 0): TraceFigures {
  const arrivals = new ArrivalStatistics();
  const hours = new HourlyLoad(origin);
  const input = new CountTable();
  const output = new CountTable();
  const both = new RunningCorrelation();
  const logs = new RunningCorrelation();
  const reuse = new Reuse();
  for (const request of requests) {
    arrivals.add(request.arrival);
    hours.add(request.arrival);
    input.add(request.input);
    output.add(request.output);
    both.add(request.input, request.output);
    if (request.output > 0) logs.add(Math.log(request.input), Math.log(request.output));
    reuse.add(request);
  }
  const [correlation, logCorrelation] = [both.value(), logs.value()];
  const hourlyRates = hours.rates(168) ?? hours.rates(24);
  return {
    requests: input.count,
    arrivals: arrivals.figures(),
    ...(hourlyRates === undefined ? {} : { hourlyRates }),
    input: lengthFigures(input),
    output: lengthFigures(output),
    emptyOutputs: output.countOf(0),
    ...(correlation === undefined ? {} : { correlation }),
    ...(logCorrelation === undefined ? {} : { logCorrelation }),
    ...reuse.figures(),
  };
}

function lengthFigures(table: CountTable): LengthFigures {
  const rows = table.rows();
  const mean = rows.reduce((sum, [value, count]) => sum + value * count, 0) / table.count;
  const squares = rows.reduce((sum, [value, count]) => sum + (value - mean) ** 2 * count, 0);
  const at = (share: number) => quantileOfCounts(rows, share);
  const cv = mean > 0 ? Math.sqrt(squares / table.count) / mean : 0;
  return { mean, cv, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** What requests have in common with earlier ones. */
class Reuse {
  private inputTokens = 0;
  private cachedTokens = 0;
  private saysCached = false;

  private readonly seen = new IdSet();
  private blocks = 0;
  private seenBlocks = 0;
  private namedTokens = 0;
  private prefixTokens = 0;

  private readonly sessions = new IdSet();
  private inSessions = 0;

  add(request: TraceRequest): void {
    this.inputTokens += request.input;
    if (request.cached !== undefined) {
      this.saysCached = true;
      this.cachedTokens += request.cached;
    }
    if (request.session !== undefined) {
      this.sessions.add(request.session);
      this.inSessions += 1;
    }
    if (request.blockIds !== undefined) this.addBlocks(request.blockIds, request.blockIdTokens ?? 0, request.input);
  }

  figures(): Pick<TraceFigures, 'cached' | 'repeats' | 'sessions'> {
    const { blocks, sessions, inSessions } = this;
    return {
      ...(this.saysCached ? { cached: this.cachedTokens / this.inputTokens } : {}),
      ...(blocks === 0
        ? {}
        : { repeats: { blocks: this.seenBlocks / blocks, prefixTokens: this.prefixTokens / this.namedTokens } }),
      ...(inSessions === 0 ? {} : { sessions: { count: sessions.size, requestsEach: inSessions / sessions.size } }),
    };
  }

  private addBlocks(ids: readonly number[], tokens: Tokens, input: Tokens): void {
    let run = 0;
    while (run < ids.length && this.seen.has(ids[run] as number)) run += 1;
    this.prefixTokens += Math.min(run * tokens, input);
    this.namedTokens += input;
    this.blocks += ids.length;
    this.seenBlocks += run;
    for (let i = run; i < ids.length; i++) if (!this.seen.add(ids[i] as number)) this.seenBlocks += 1;
  }
}
