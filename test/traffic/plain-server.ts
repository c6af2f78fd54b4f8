import { emptyDraft, type RequestDraft, type RequestSource } from '../../src/traffic/request-source.ts';

/** What a source was seen to do. */
export interface Served {
  requests: RequestDraft[];
  /** When each was answered. */
  ends: number[];
  mostInFlight: number;
}

/**
 * Answers every request after a time of its own, however many there are at once, and ends after so many requests.
 * Looks for the earliest end one by one, so that nothing of the code under test is used.
 */
export function serve(source: RequestSource, seconds: (request: RequestDraft) => number, most = 1000): Served {
  const served: Served = { requests: [], ends: [], mostInFlight: 0 };
  const inFlight: { tag: number; end: number }[] = [];
  for (;;) {
    const end = Math.min(...inFlight.map((one) => one.end));
    if (source.nextArrival <= end && source.nextArrival !== Number.POSITIVE_INFINITY) {
      if (served.requests.length === most) return served;
      const draft = emptyDraft();
      source.take(draft);
      served.requests.push(draft);
      const answered = draft.arrival + seconds(draft);
      served.ends.push(answered);
      inFlight.push({ tag: draft.tag, end: answered });
      served.mostInFlight = Math.max(served.mostInFlight, inFlight.length);
    } else if (end !== Number.POSITIVE_INFINITY) {
      const [first] = inFlight.splice(
        inFlight.findIndex((one) => one.end === end),
        1,
      );
      if (first !== undefined) source.ended(first.tag, end);
    } else {
      return served;
    }
  }
}

/** The next requests of a source that needs no answers. */
export function takeAll(source: RequestSource, most: number): RequestDraft[] {
  const requests: RequestDraft[] = [];
  while (requests.length < most && source.nextArrival !== Number.POSITIVE_INFINITY) {
    const draft = emptyDraft();
    source.take(draft);
    requests.push(draft);
  }
  return requests;
}
