/**
 * Whole numbers by a key, the smallest first; among equal keys the smaller rank, so that nothing ever depends on how a
 * heap shuffles equals.
 *
 * A binary heap in columns: nothing is made per entry, and memory follows the most there are at once. Removing an entry
 * from the middle looks for it one by one.
 */
export class RankedHeap {
  private keys = new Float64Array(64);
  private ranks = new Float64Array(64);
  private ids = new Int32Array(64);
  length = 0;

  /** The smallest key; Infinity where there is none. */
  next(): number {
    return this.length === 0 ? Number.POSITIVE_INFINITY : (this.keys[0] as number);
  }

  push(key: number, rank: number, id: number): void {
    if (this.length === this.keys.length) this.grow();
    this.siftUp(this.length++, key, rank, id);
  }

  /** Takes out the entry with the smallest key; only called while there is one. */
  pop(): number {
    const top = this.ids[0] as number;
    this.fill(0);
    return top;
  }

  remove(id: number): void {
    for (let i = 0; i < this.length; i++) {
      if (this.ids[i] === id) {
        this.fill(i);
        return;
      }
    }
  }

  /** Puts the last entry where one has left. */
  private fill(at: number): void {
    const last = --this.length;
    if (at === last) return;
    const key = this.keys[last] as number;
    const rank = this.ranks[last] as number;
    const id = this.ids[last] as number;
    const parent = (at - 1) >> 1;
    if (at > 0 && this.isBefore(key, rank, parent)) this.siftUp(at, key, rank, id);
    else this.siftDown(at, key, rank, id);
  }

  private isBefore(key: number, rank: number, at: number): boolean {
    const other = this.keys[at] as number;
    return key < other || (key === other && rank < (this.ranks[at] as number));
  }

  private put(at: number, key: number, rank: number, id: number): void {
    this.keys[at] = key;
    this.ranks[at] = rank;
    this.ids[at] = id;
  }

  private move(from: number, to: number): void {
    this.put(to, this.keys[from] as number, this.ranks[from] as number, this.ids[from] as number);
  }

  private siftUp(from: number, key: number, rank: number, id: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(key, rank, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, key, rank, id);
  }

  private siftDown(from: number, key: number, rank: number, id: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.length) break;
      const right = child + 1;
      if (right < this.length && this.isBefore(this.keys[right] as number, this.ranks[right] as number, child)) {
        child = right;
      }
      if (this.isBefore(key, rank, child)) break;
      this.move(child, at);
      at = child;
    }
    this.put(at, key, rank, id);
  }

  private grow(): void {
    const size = this.keys.length * 2;
    const { keys, ranks, ids } = this;
    this.keys = new Float64Array(size);
    this.ranks = new Float64Array(size);
    this.ids = new Int32Array(size);
    this.keys.set(keys);
    this.ranks.set(ranks);
    this.ids.set(ids);
  }
}
