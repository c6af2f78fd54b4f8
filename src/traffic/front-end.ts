import type { Seconds, Tokens } from '../units/quantity.ts';
import { emptyDraft, type RequestDraft, type RequestSource } from './request-source.ts';

/** What a server does with a request before its engine sees it: reading it, its template and its tokens. */
export interface FrontEndCost {
  /** Of every request, beside the others: network, queues between processes, the first answer's way back. */
  latency: Seconds;
  /** One request after the other, in one process. */
  perRequest: Seconds;
  perPromptToken: Seconds;
}

/** No front end, or none that is known. */
export const NO_FRONT_END: FrontEndCost = { latency: 0, perRequest: 0, perPromptToken: 0 };

/** Time that the process in front of the engine works on one request. */
function workOn(cost: FrontEndCost, input: Tokens): Seconds {
  return cost.perRequest + cost.perPromptToken * input;
}

/** What the front end adds to a request's latency while it has no other to work on: it errs low in a burst. */
export function frontEndSeconds(cost: FrontEndCost, input: Tokens): Seconds {
  return cost.latency + workOn(cost, input);
}

/** A source behind a front end, which remembers how long each request was on its way. */
export interface FrontEndSource extends RequestSource {
  /** From the client's arrival to the engine's, of the request with this tag; asked once, when it has ended. */
  delayOf(tag: number): Seconds;
}

/**
 * Requests that pass a front end of one process before they reach the engine: first come, first served, so a burst
 * queues here while the engine may still be idle.
 *
 * Only one request is read ahead, so this suits sources whose arrivals do not depend on later answers: those at a rate,
 * and users who ask again at once.
 */
export function behindFrontEnd(source: RequestSource, cost: FrontEndCost): FrontEndSource {
  return new FrontEnd(source, cost);
}

class FrontEnd implements FrontEndSource {
  nextArrival: Seconds = Number.POSITIVE_INFINITY;
  private readonly source: RequestSource;
  private readonly cost: FrontEndCost;
  private readonly ahead: RequestDraft = emptyDraft();
  private readonly delays = new Map<number, Seconds>();
  private free: Seconds = 0;

  constructor(source: RequestSource, cost: FrontEndCost) {
    this.source = source;
    this.cost = cost;
    this.readAhead();
  }

  take(draft: RequestDraft): void {
    Object.assign(draft, this.ahead);
    draft.arrival = this.nextArrival;
    this.delays.set(draft.tag, this.nextArrival - this.ahead.arrival);
    this.nextArrival = Number.POSITIVE_INFINITY;
    this.readAhead();
  }

  ended(tag: number, time: Seconds): void {
    this.source.ended(tag, time);
    if (this.nextArrival === Number.POSITIVE_INFINITY) this.readAhead();
  }

  delayOf(tag: number): Seconds {
    const delay = this.delays.get(tag) ?? 0;
    this.delays.delete(tag);
    return delay;
  }

  private readAhead(): void {
    if (this.source.nextArrival === Number.POSITIVE_INFINITY) return;
    this.source.take(this.ahead);
    this.free = Math.max(this.free, this.ahead.arrival) + workOn(this.cost, this.ahead.input);
    this.nextArrival = this.free + this.cost.latency;
  }
}
