import { QuantileSketch } from '../math/quantile-sketch.ts';
import type { Seconds } from '../units/quantity.ts';
import type { EndedRequest, RequestSink } from './engine-spec.ts';

/** Latencies of one class of requests. */
export interface Latencies {
  /** From the client's sending to the first token; from the engine's arrival to its first iteration; to the last token. */
  ttft: QuantileSketch;
  queue: QuantileSketch;
  e2e: QuantileSketch;
  /** (end to end − TTFT)/(tokens − 1), of requests with more than one token. */
  tpot: QuantileSketch;
}

function emptyLatencies(): Latencies {
  return {
    ttft: new QuantileSketch(),
    queue: new QuantileSketch(),
    e2e: new QuantileSketch(),
    tpot: new QuantileSketch(),
  };
}

/** Percentiles of what a run's requests saw, all together and by priority. */
export class LatencyRecorder implements RequestSink {
  readonly byPriority = [emptyLatencies(), emptyLatencies()] as const;
  private readonly delayOf: (tag: number) => Seconds;
  /** Time in queues in all, of every priority: again after being sent back, and for an instance that answers. */
  readonly waited = new QuantileSketch();
  private residence: Seconds = 0;
  private residents = 0;
  private readonly from: Seconds;

  /**
   * @param delayOf what the request of a tag took to reach the engine: it adds to what its user sees
   * @param from requests that arrived before it are left out: the time until a run is in its stride
   */
  constructor(delayOf: (tag: number) => Seconds = () => 0, from: Seconds = 0) {
    this.delayOf = delayOf;
    this.from = from;
  }

  ended(request: EndedRequest): void {
    if (request.arrival < this.from) return;
    const latencies = this.byPriority[request.priority];
    const before = this.delayOf(request.tag);
    this.residence += request.finish - request.arrival - request.waited;
    this.residents += 1;
    this.waited.add(request.waited);
    latencies.ttft.add(before + request.firstToken - request.arrival);
    latencies.queue.add(request.scheduled - request.arrival);
    latencies.e2e.add(before + request.finish - request.arrival);
    if (request.output > 1) latencies.tpot.add((request.finish - request.firstToken) / (request.output - 1));
  }

  /** Mean time that a request is with the engine without standing in a queue. */
  meanInService(): Seconds {
    return this.residents > 0 ? this.residence / this.residents : 0;
  }

  /** Of all requests, whatever their priority. */
  all(): Latencies {
    const [first, second] = this.byPriority;
    if (second.ttft.count === 0) return first;
    const all = emptyLatencies();
    for (const key of ['ttft', 'queue', 'e2e', 'tpot'] as const) {
      all[key].merge(first[key]);
      all[key].merge(second[key]);
    }
    return all;
  }
}
