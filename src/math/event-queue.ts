const FIRST_CAPACITY = 64;

/**
 * Things that will happen, the earliest first; at the same time in the order in which they were put in, so that a
 * simulation never depends on how a heap shuffles equals.
 *
 * A binary heap in columns: nothing is made per event, and memory follows the most that are known at once.
 */
export class EventQueue {
  private times = new Float64Array(FIRST_CAPACITY);
  private orders = new Float64Array(FIRST_CAPACITY);
  private items = new Int32Array(FIRST_CAPACITY);
  private pushed = 0;
  length = 0;

  /** Time of the earliest; Infinity where there is none. */
  nextTime(): number {
    return this.length === 0 ? Number.POSITIVE_INFINITY : (this.times[0] as number);
  }

  /** @param item a whole number that says what happens */
  push(time: number, item: number): void {
    if (this.length === this.times.length) this.grow();
    const order = this.pushed++;
    let at = this.length++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(time, order, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, time, order, item);
  }

  /** Takes out the earliest; only called while there is one. */
  pop(): number {
    const top = this.items[0] as number;
    const last = --this.length;
    const time = this.times[last] as number;
    const order = this.orders[last] as number;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      const right = child + 1;
      if (right < last && this.isBefore(this.times[right] as number, this.orders[right] as number, child))
        child = right;
      if (this.isBefore(time, order, child)) break;
      this.move(child, at);
      at = child;
    }
    this.put(at, time, order, this.items[last] as number);
    return top;
  }

  private isBefore(time: number, order: number, at: number): boolean {
    const other = this.times[at] as number;
    return time < other || (time === other && order < (this.orders[at] as number));
  }

  private move(from: number, to: number): void {
    this.put(to, this.times[from] as number, this.orders[from] as number, this.items[from] as number);
  }

  private put(at: number, time: number, order: number, item: number): void {
    this.times[at] = time;
    this.orders[at] = order;
    this.items[at] = item;
  }

  private grow(): void {
    const { times, orders, items } = this;
    this.times = new Float64Array(2 * times.length);
    this.orders = new Float64Array(2 * times.length);
    this.items = new Int32Array(2 * times.length);
    this.times.set(times);
    this.orders.set(orders);
    this.items.set(items);
  }
}
