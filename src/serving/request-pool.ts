import type { RequestDraft } from '../traffic/request-source.ts';

const FIRST_CAPACITY = 256;

/**
 * The requests that wait or run, as columns: a request is a row number, and rows are used again once it has ended. So
 * memory follows the number in the system, not the number served, and nothing is made per request.
 */
export class RequestPool {
  private capacity = FIRST_CAPACITY;
  private free = new Int32Array(FIRST_CAPACITY);
  private freeCount = 0;
  private made = 0;

  input = new Int32Array(FIRST_CAPACITY);
  cached = new Int32Array(FIRST_CAPACITY);
  output = new Int32Array(FIRST_CAPACITY);
  priority = new Int32Array(FIRST_CAPACITY);
  preemptions = new Int32Array(FIRST_CAPACITY);
  arrival = new Float64Array(FIRST_CAPACITY);
  scheduled = new Float64Array(FIRST_CAPACITY);
  firstToken = new Float64Array(FIRST_CAPACITY);
  tag = new Float64Array(FIRST_CAPACITY);
  /** When it began to wait, the first time or after a preemption. */
  waitingSince = new Float64Array(FIRST_CAPACITY);
  /** How long it has waited in all. */
  waited = new Float64Array(FIRST_CAPACITY);

  /** Tokens emitted, while it does not decode. While it does: the token clock less `base`. */
  emitted = new Int32Array(FIRST_CAPACITY);
  base = new Float64Array(FIRST_CAPACITY);
  /** Of the known tokens, those found in the cache, and those computed since admission. */
  past = new Int32Array(FIRST_CAPACITY);
  filled = new Int32Array(FIRST_CAPACITY);
  /** Blocks set aside at admission. */
  reserved = new Int32Array(FIRST_CAPACITY);
  /** 1 while its sliding-window context still grows. */
  growing = new Int32Array(FIRST_CAPACITY);

  /** Order of admission, and the neighbours in it. */
  sequence = new Float64Array(FIRST_CAPACITY);
  older = new Int32Array(FIRST_CAPACITY);
  younger = new Int32Array(FIRST_CAPACITY);

  /** A row for the request in the draft. */
  add(draft: RequestDraft): number {
    const id = this.freeCount > 0 ? (this.free[--this.freeCount] as number) : this.made++;
    if (id >= this.capacity) this.grow();
    this.input[id] = draft.input;
    this.cached[id] = draft.cached;
    this.output[id] = draft.output;
    this.priority[id] = draft.priority;
    this.preemptions[id] = 0;
    this.arrival[id] = draft.arrival;
    this.scheduled[id] = -1;
    this.tag[id] = draft.tag;
    this.waitingSince[id] = draft.arrival;
    this.waited[id] = 0;
    this.emitted[id] = 0;
    this.filled[id] = 0;
    return id;
  }

  remove(id: number): void {
    this.free[this.freeCount++] = id;
  }

  private grow(): void {
    this.capacity *= 2;
    const ints = (old: Int32Array) => {
      const next = new Int32Array(this.capacity);
      next.set(old);
      return next;
    };
    const doubles = (old: Float64Array) => {
      const next = new Float64Array(this.capacity);
      next.set(old);
      return next;
    };
    this.free = ints(this.free);
    this.input = ints(this.input);
    this.cached = ints(this.cached);
    this.output = ints(this.output);
    this.priority = ints(this.priority);
    this.preemptions = ints(this.preemptions);
    this.arrival = doubles(this.arrival);
    this.scheduled = doubles(this.scheduled);
    this.firstToken = doubles(this.firstToken);
    this.tag = doubles(this.tag);
    this.waitingSince = doubles(this.waitingSince);
    this.waited = doubles(this.waited);
    this.emitted = ints(this.emitted);
    this.base = doubles(this.base);
    this.past = ints(this.past);
    this.filled = ints(this.filled);
    this.reserved = ints(this.reserved);
    this.growing = ints(this.growing);
    this.sequence = doubles(this.sequence);
    this.older = ints(this.older);
    this.younger = ints(this.younger);
  }
}
