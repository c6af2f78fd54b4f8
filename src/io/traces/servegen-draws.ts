import { randomGamma, randomWeibull } from 'd3-random';
import { randomStream, type Uniform } from '../../math/rng.ts';
import type { TraceRequest } from '../../traffic/trace-request.ts';
import type { Histogram, LengthWindow, RateWindow, ServeGenClient } from './servegen-client.ts';

/** A part of the trace's time and the seed of its chance. */
export interface DrawnPart {
  seed: number;
  from: number;
  to: number;
}

/** A client's requests in order of time, their arrivals on the trace's own clock. */
export function* clientRequests(client: ServeGenClient, part: DrawnPart): Generator<TraceRequest> {
  for (const window of client.windows) {
    if (window.perSecond === 0 || window.end <= part.from || window.start >= part.to) continue;
    const uniform = randomStream(part.seed, `servegen client ${client.number} window ${window.start}`);
    const lengths = lengthsAt(client.lengths, window.start);
    const input = lengths.input();
    const output = lengths.output();
    for (const arrival of windowArrivals(window, uniform)) {
      const request = { arrival, input: Math.max(1, drawn(input, uniform())), output: drawn(output, uniform()) };
      if (arrival >= part.from && arrival < part.to) yield request;
    }
  }
}

/**
 * When the requests of one window arrive. A window's rate is a count over its length, so that many arrive, to the
 * nearest whole number at random; their gaps are drawn from the fitted family and stretched together to fill the
 * window. For exponential gaps that is exactly the Poisson process with this count.
 *
 * @assumes nothing of a burst reaches over a window's edge, and lengths do not depend on each other or on the time
 * since the last request: the published data tells neither
 */
function windowArrivals(window: RateWindow, uniform: Uniform): Float64Array {
  const length = window.end - window.start;
  const expected = window.perSecond * length;
  // 0.7 × 600 is not quite 420.
  const nearest = Math.round(expected);
  const count = Math.abs(expected - nearest) < 1e-6 ? nearest : Math.floor(expected + uniform());
  const gap = gapsOf(window, uniform);
  const times = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += gap();
    times[i] = sum;
  }
  const whole = sum + gap();
  // Gaps of a very small shape can all be too small for a number; then all arrive at once.
  const scale = whole > 0 ? length / whole : 0;
  for (let i = 0; i < count; i++) times[i] = Math.min(window.end, window.start + (times[i] as number) * scale);
  return times;
}

function gapsOf({ family, shape }: RateWindow, uniform: Uniform): () => number {
  switch (family) {
    case 'Exponential':
      return () => -Math.log(1 - uniform());
    case 'Gamma':
      return randomGamma.source(uniform)(shape, 1);
    case 'Weibull':
      return randomWeibull.source(uniform)(shape, 0, 1);
  }
}

/** The lengths in force at a moment: the latest that have begun; before the first, the first. */
function lengthsAt(windows: readonly LengthWindow[], time: number): LengthWindow {
  const found = windows.findLast((window) => window.start <= time) ?? windows[0];
  if (found === undefined) throw new RangeError('a client without lengths');
  return found;
}

/** The count at a share in [0, 1) of the requests. */
function drawn({ tokens, cumulative }: Histogram, share: number): number {
  const wanted = share * (cumulative.at(-1) as number);
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] as number) > wanted) high = middle;
    else low = middle + 1;
  }
  return tokens[low] as number;
}
