import type { Seconds } from '../units/quantity.ts';
import type { EndedRequest, RequestSink } from './engine-spec.ts';

/** Share of the batch limit from which on the number running is taken to be the limit itself. */
const NEARLY_FULL = 0.8;

/**
 * The rate of a run from its middle half.
 *
 * Requests that are all there at its start begin together, so where answers are of one length they also end together,
 * batch after batch: a stretch that is cut through such a wave is up to a wave wrong. So it is counted from one end to
 * another that takes the same place in a later wave: one is as many ends as run at once, or all those of one moment where most end together.
 */
export class Throughput implements RequestSink {
  private readonly finishes: Seconds[] = [];
  /** Time that requests spent in service, up to and with each. */
  private readonly residence: Seconds[] = [];
  private total: Seconds = 0;
  private readonly offered: number;
  private readonly most: number | undefined;

  /** @param most that may run at once, where requests start together and so may end in waves */
  constructor(offered: number, most?: number) {
    this.offered = offered;
    this.most = most;
  }

  ended(request: EndedRequest): void {
    this.total += request.finish - request.arrival - request.waited;
    this.finishes.push(request.finish);
    this.residence.push(this.total);
  }

  /** Requests a second, and by Little's law how many run. */
  rates(): { perSecond: number; running: number } {
    const from = this.lastOfMoment(Math.floor(0.25 * this.offered));
    const to = this.lastOfMoment(Math.floor(0.75 * this.offered));
    const rough = this.between(from, to);
    if (this.most === undefined) return rough;
    const wave = Math.round(rough.running > NEARLY_FULL * this.most ? this.most : rough.running);
    const waves = Math.floor((to - from) / Math.max(1, wave));
    const together = from - this.finishes.indexOf(this.finishes[from] as number) + 1;
    return 2 * together > wave || waves === 0 ? rough : this.between(from, from + waves * wave);
  }

  private lastOfMoment(index: number): number {
    const { finishes } = this;
    let last = Math.min(index, finishes.length - 1);
    while (last + 1 < finishes.length && finishes[last + 1] === finishes[last]) last += 1;
    return last;
  }

  private between(from: number, to: number): { perSecond: number; running: number } {
    const seconds = (this.finishes[to] as number) - (this.finishes[from] as number);
    const served = (this.residence[to] as number) - (this.residence[from] as number);
    return { perSecond: (to - from) / seconds, running: served / seconds };
  }
}
