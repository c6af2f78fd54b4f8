import type { ArrivalFigures } from './arrival-statistics.ts';
import { type FittedLength, fitLength } from './length-fit.ts';
import type { TraceFigures } from './trace-statistics.ts';

/** The `traffic` of a scenario that stands for a trace, in the scenario's own keys. */
export interface TrafficBlock {
  requests_per_day: number;
  arrivals?: { process: 'gamma'; cv: number };
  shape?: readonly number[];
  input_tokens: FittedLength;
  output_tokens: FittedLength;
  correlation?: number;
  cached_input?: number;
}

/** What is known of the clock that took a trace's times. */
export interface ClockKnowledge {
  zone: 'UTC' | 'unknown';
  weekday: 'known' | 'unknown';
}

const DAY = 86_400;
const HOURS_PER_WEEK = 168;
/** A CV this close to 1 is Poisson as far as a trace can tell. */
const NEAR_POISSON = 0.1;
/** What a scenario takes; see `arrivals` of its schema. */
const LARGEST_CV = 50;
/** Lengths that go together less than this are written as independent. */
const LEAST_CORRELATION = 0.1;

/** A trace as the traffic of a scenario, and what it leaves out or supposes, one sentence each. */
export function trafficBlock(figures: TraceFigures, clock?: ClockKnowledge): { block: TrafficBlock; notes: string[] } {
  const { hourlyRates: rates, repeats } = figures;
  const cv = arrivalCv(figures);
  const cached = figures.cached ?? repeats?.prefixTokens;
  const together = figures.logCorrelation ?? 0;
  const block: TrafficBlock = {
    requests_per_day: rounded(requestsPerDay(figures), 5),
    ...(cv === undefined || Math.abs(cv - 1) < NEAR_POISSON
      ? {}
      : { arrivals: { process: 'gamma', cv: rounded(Math.min(LARGEST_CV, cv), 3) } }),
    ...(rates === undefined ? {} : { shape: relative(rates) }),
    input_tokens: roundedLength(fitLength(figures.input)),
    output_tokens: roundedLength(fitLength(figures.output)),
    ...(Math.abs(together) < LEAST_CORRELATION ? {} : { correlation: rounded(together, 3) }),
    ...(cached === undefined ? {} : { cached_input: rounded(cached, 3) }),
  };
  return { block, notes: [...notesOn(figures, clock)] };
}

/** Whether the clock moved in steps of several requests each, so that their gaps are its own. */
function isClockCoarse({ shortestGap, rate }: ArrivalFigures): boolean {
  return shortestGap !== undefined && rate !== undefined && shortestGap * rate >= 2;
}

/** How much gaps vary beside what the shape already says; undefined where the trace does not tell. */
function arrivalCv({ arrivals, hourlyRates }: TraceFigures): number | undefined {
  if (isClockCoarse(arrivals)) return undefined;
  return hourlyRates === undefined ? arrivals.cv : (arrivals.cvWithinHour ?? arrivals.cv);
}

/** Every hour of the day or week weighs the same, however often the trace saw it. */
function requestsPerDay({ requests, arrivals, hourlyRates }: TraceFigures): number {
  if (hourlyRates !== undefined) return (sum(hourlyRates) / hourlyRates.length) * DAY;
  return arrivals.rate === undefined ? requests : arrivals.rate * DAY;
}

function* notesOn(figures: TraceFigures, clock: ClockKnowledge | undefined): Generator<string> {
  const { arrivals, hourlyRates, emptyOutputs, cached, repeats } = figures;
  if (arrivals.rate === undefined) yield 'all requests arrive at one moment; they are taken as those of a day';
  else if (hourlyRates === undefined) {
    yield 'the trace does not show every hour of a day: its rate is taken for the whole day, and there is no shape';
  } else if (clock === undefined) {
    yield 'the trace does not tell the time of day: the hours of the shape count from its first request';
  } else if (clock.zone === 'unknown') {
    yield 'the trace does not tell its time zone: set "timezone" to that of its hours';
  }
  if (hourlyRates?.length === HOURS_PER_WEEK && clock?.weekday !== 'known') {
    yield 'the trace does not tell the weekday: its first day stands as Monday';
  }
  if (isClockCoarse(arrivals)) {
    const step = rounded(arrivals.shortestGap ?? 0, 3);
    yield `its times are steps of ${step} s with several requests each: how gaps vary is not known`;
  } else if ((arrivals.cv ?? 1) > LARGEST_CV) {
    yield `the gaps vary more than a scenario can say: CV ${rounded(arrivals.cv ?? 0, 3)}, written as ${LARGEST_CV}`;
  }
  if (emptyOutputs > 0) yield `answers without a token: ${emptyOutputs}; a simulated one has at least one`;
  if (cached === undefined && repeats !== undefined) {
    yield 'cached_input is what a cache without end would find; a real one finds less';
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function roundedLength(length: FittedLength): FittedLength {
  if (typeof length === 'number') return rounded(length, 4);
  if ('mean' in length) return { mean: rounded(length.mean, 4), cv: rounded(length.cv, 3) };
  return { p50: rounded(length.p50, 4), p95: rounded(length.p95, 4) };
}

/** Weights of mean 1. */
function relative(rates: readonly number[]): number[] {
  const mean = sum(rates) / rates.length;
  return rates.map((rate) => Number((rate / mean).toFixed(3)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
