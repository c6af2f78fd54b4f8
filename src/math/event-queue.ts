import { RankedHeap } from './ranked-heap.ts';

/** Things that will happen, the earliest first; at the same time in the order in which they were put in. */
export class EventQueue {
  private readonly heap = new RankedHeap();
  private pushed = 0;

  get length(): number {
    return this.heap.length;
  }

  /** Time of the earliest; Infinity where there is none. */
  nextTime(): number {
    return this.heap.next();
  }

  /** @param item a whole number that says what happens */
  push(time: number, item: number): void {
    this.heap.push(time, this.pushed++, item);
  }

  /** Takes out the earliest; only called while there is one. */
  pop(): number {
    return this.heap.pop();
  }
}
