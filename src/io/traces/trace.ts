import type { TraceRequest } from '../../traffic/trace-request.ts';

export type TraceFormat = 'azure' | 'mooncake' | 'servegen' | 'rackrate';

export interface Trace {
  format: TraceFormat;
  /** In order of time, read or drawn as they are asked for. A fault further down is thrown when it is reached. */
  requests: IterableIterator<TraceRequest>;
  /** What the clock showed at the first request, where the format tells. */
  clock?: TraceClock;
  /** How much there is to read, and how much has been read. */
  extent: { unit: 'MB' | 'hours'; total: number; done(): number };
}

/** Seconds since Monday 00:00, in UTC or in a zone that is not told; without weekday, day 0 stands as Monday. */
export interface TraceClock {
  secondsOfWeek: number;
  zone: 'UTC' | 'unknown';
  weekday: 'known' | 'unknown';
}
