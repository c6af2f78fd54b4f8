import type { Seconds, Tokens } from '../units/quantity.ts';

/**
 * What a request's prompt consists of, for engines that keep prefixes: first a part shared by name (a system prompt),
 * then a part that belongs to one conversation, which also takes in the answer.
 *
 * A trace may instead name its blocks one by one.
 */
export interface PromptContent {
  /** Name of the shared part, or -1 for none; its length in tokens. */
  shared: number;
  sharedTokens: Tokens;
  /** Name of the conversation, or -1 where nobody will ask for this content again. */
  session: number;
  /**
   * First tokens of prompt and answer that may be met again under that name: Infinity for all of them, fewer where the
   * answer is not sent back as it was.
   */
  sessionTokens: Tokens;
  /** Names of successive blocks of `blockIdTokens` tokens each, from a trace; then the parts above do not count. */
  blockIds: ArrayLike<number> | undefined;
  blockIdTokens: Tokens;
}

/** One request as it arrives. A source writes it into a draft of the reader's, so that none is made per request. */
export interface RequestDraft extends PromptContent {
  arrival: Seconds;
  /** Whole prompt, whole numbers of tokens, at least 1. */
  input: Tokens;
  /** Of the prompt, what is cached already; below `input`, since the last token is always computed. */
  cached: Tokens;
  /** Tokens to generate, at least 1. */
  output: Tokens;
  /** 0 goes first; 1 waits for it. */
  priority: 0 | 1;
  /** The source's own name for it, handed back when it ends. */
  tag: number;
}

/**
 * Where a replica's requests come from: drawn at random, read from a trace, or asked for by users who wait for their
 * answers. Arrivals never go back in time.
 */
export interface RequestSource {
  /** When the next request arrives, as far as is known now; Infinity where none is. */
  nextArrival: Seconds;
  /** Writes the next request into the draft and moves on. Only called while `nextArrival` is finite. */
  take(draft: RequestDraft): void;
  /**
   * A request of this source was answered, or refused, at `time`. Users and conversations answer with their next one,
   * which arrives at `time` or later.
   */
  ended(tag: number, time: Seconds): void;
}

/** A draft to read requests into. */
export function emptyDraft(): RequestDraft {
  return {
    arrival: 0,
    input: 1,
    cached: 0,
    output: 1,
    priority: 0,
    tag: 0,
    shared: -1,
    sharedTokens: 0,
    session: -1,
    sessionTokens: Number.POSITIVE_INFINITY,
    blockIds: undefined,
    blockIdTokens: 0,
  };
}

/** Copies a request, field by field: a million a second pass here, and `Object.assign` takes as long as the rest of it. */
export function copyDraft(from: RequestDraft, to: RequestDraft): void {
  to.arrival = from.arrival;
  to.input = from.input;
  to.cached = from.cached;
  to.output = from.output;
  to.priority = from.priority;
  to.tag = from.tag;
  to.shared = from.shared;
  to.sharedTokens = from.sharedTokens;
  to.session = from.session;
  to.sessionTokens = from.sessionTokens;
  to.blockIds = from.blockIds;
  to.blockIdTokens = from.blockIdTokens;
}
