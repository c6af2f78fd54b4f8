import type { Seconds } from '../units/quantity.ts';
import { emptyDraft, type RequestDraft, type RequestSource } from './request-source.ts';

/** Names for prompts that have none: above those that sources give, which count up from 0. */
const FIRST_NAME = 2 ** 29;

/**
 * Several answers to each prompt: every request of the inner source becomes `count` of the same arrival, which share
 * a tag. The first computes the prompt; the others find it in the cache, all but its last token.
 *
 * Where the engine keeps prefixes they share a name instead, and it finds out itself. Where it does not, the others
 * count as cached from the start even if they run beside the first: it errs low on their TTFT.
 *
 * The inner source's request has ended when all its answers have.
 */
export function withSamples(
  source: RequestSource,
  count: number,
  prefixes: 'kept' | 'stated' = 'stated',
): RequestSource {
  return count === 1 ? source : new SampledSource(source, count, prefixes);
}

class SampledSource implements RequestSource {
  nextArrival: Seconds;
  private readonly source: RequestSource;
  private readonly count: number;
  private readonly prefixes: 'kept' | 'stated';
  private readonly prompt: RequestDraft = emptyDraft();
  private group = -1;
  /** Answers to the prompt at hand that are still to be asked for. */
  private toCome = 0;
  private names = FIRST_NAME;

  /** Prompts under way, by the row that is their answers' tag; the rows of those that ended are used again. */
  private readonly tags: number[] = [];
  private readonly unanswered: number[] = [];
  private readonly freeRows: number[] = [];

  constructor(source: RequestSource, count: number, prefixes: 'kept' | 'stated') {
    this.source = source;
    this.count = count;
    this.prefixes = prefixes;
    this.nextArrival = source.nextArrival;
  }

  take(draft: RequestDraft): void {
    const isFirst = this.toCome === 0;
    if (isFirst) this.takePrompt();
    Object.assign(draft, this.prompt);
    draft.tag = this.group;
    if (!isFirst && this.prefixes === 'stated') draft.cached = draft.input - 1;
    this.toCome -= 1;
    this.lookAhead();
  }

  ended(row: number, time: Seconds): void {
    const unanswered = (this.unanswered[row] as number) - 1;
    this.unanswered[row] = unanswered;
    if (unanswered > 0) return;
    this.freeRows.push(row);
    this.source.ended(this.tags[row] as number, time);
    this.lookAhead();
  }

  private takePrompt(): void {
    const { prompt } = this;
    this.source.take(prompt);
    if (this.prefixes === 'kept') {
      prompt.cached = 0;
      if (prompt.session < 0) {
        prompt.session = this.names++;
        // The answers differ from each other.
        prompt.sessionTokens = prompt.input;
      }
    }
    const row = this.freeRows.pop() ?? this.tags.length;
    this.tags[row] = prompt.tag;
    this.unanswered[row] = this.count;
    this.group = row;
    this.toCome = this.count;
  }

  private lookAhead(): void {
    this.nextArrival = this.toCome > 0 ? this.prompt.arrival : this.source.nextArrival;
  }
}
