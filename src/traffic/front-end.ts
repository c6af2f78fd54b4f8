import type { Seconds, Tokens } from '../units/quantity.ts';
import { copyDraft, emptyDraft, type RequestDraft, type RequestSource } from './request-source.ts';

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

/** Requests a second beyond which the queue in front of the engine grows without end; Infinity where there is no work. */
export function frontEndRate(cost: FrontEndCost, meanInput: Tokens): number {
  return 1 / workOn(cost, meanInput);
}

/** The same front end, of requests that it reads once and the engine sees as so many: each has its part of the work. */
export function perAnswer(cost: FrontEndCost, answers: number): FrontEndCost {
  return { ...cost, perRequest: cost.perRequest / answers, perPromptToken: cost.perPromptToken / answers };
}

/** A source behind a front end, which remembers how long each request was on its way. */
export interface FrontEndSource extends RequestSource {
  /** From the client's arrival to the engine's, of the request with this tag; to be asked before it is said to have ended. */
  delayOf(tag: number): Seconds;
}

/**
 * Requests that pass a front end of one process before they reach the engine: first come, first served, so a burst
 * queues here while the engine may still be idle. It gives them tags of its own.
 *
 * One request is read ahead. Where an answer brings an earlier one (a conversation that goes on), that one is read in
 * its place and the other put back, which is exact: whoever has not reached the engine when the answer ends has its
 * departure still to come.
 */
export function behindFrontEnd(source: RequestSource, cost: FrontEndCost): FrontEndSource {
  return new FrontEnd(source, cost);
}

class FrontEnd implements FrontEndSource {
  nextArrival: Seconds = Number.POSITIVE_INFINITY;
  private readonly source: RequestSource;
  private readonly cost: FrontEndCost;
  /** Read from the source but not yet by the engine: the next to leave last, before it those that were put back. */
  private readonly read: RequestDraft[] = [];
  private readonly spare: RequestDraft[] = [];
  /** When its process is free, and when it has read the next. */
  private free: Seconds = 0;
  private done: Seconds = 0;

  /** Requests with the engine, by the row that is their tag; the rows of those that ended are used again. */
  private readonly tags: number[] = [];
  private readonly delays: Seconds[] = [];
  private readonly freeRows: number[] = [];

  constructor(source: RequestSource, cost: FrontEndCost) {
    this.source = source;
    this.cost = cost;
    this.lookAhead();
  }

  take(draft: RequestDraft): void {
    const first = this.read.pop() as RequestDraft;
    const row = this.freeRows.pop() ?? this.tags.length;
    this.tags[row] = first.tag;
    this.delays[row] = this.nextArrival - first.arrival;
    copyDraft(first, draft);
    draft.tag = row;
    draft.arrival = this.nextArrival;
    this.spare.push(first);
    this.free = this.done;
    this.lookAhead();
  }

  ended(row: number, time: Seconds): void {
    this.freeRows.push(row);
    this.source.ended(this.tags[row] as number, time);
    this.lookAhead();
  }

  delayOf(row: number): Seconds {
    return this.delays[row] ?? 0;
  }

  private lookAhead(): void {
    const { source, read } = this;
    if (source.nextArrival < (read.at(-1)?.arrival ?? Number.POSITIVE_INFINITY)) {
      const ahead = this.spare.pop() ?? emptyDraft();
      source.take(ahead);
      read.push(ahead);
    }
    const next = read.at(-1);
    this.done =
      next === undefined ? Number.POSITIVE_INFINITY : Math.max(this.free, next.arrival) + workOn(this.cost, next.input);
    this.nextArrival = this.done + this.cost.latency;
  }
}
