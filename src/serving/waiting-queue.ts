/** First come, first served, with a front door for those sent back: a ring of row numbers that grows as needed. */
export class WaitingQueue {
  private ring = new Int32Array(64);
  private first = 0;
  length = 0;

  /** The row at the head; only while there is one. */
  head(): number {
    return this.ring[this.first] as number;
  }

  push(id: number): void {
    if (this.length === this.ring.length) this.grow();
    this.ring[(this.first + this.length) & (this.ring.length - 1)] = id;
    this.length += 1;
  }

  pushFront(id: number): void {
    if (this.length === this.ring.length) this.grow();
    this.first = (this.first - 1) & (this.ring.length - 1);
    this.ring[this.first] = id;
    this.length += 1;
  }

  shift(): number {
    const id = this.ring[this.first] as number;
    this.first = (this.first + 1) & (this.ring.length - 1);
    this.length -= 1;
    return id;
  }

  private grow(): void {
    const next = new Int32Array(this.ring.length * 2);
    for (let i = 0; i < this.length; i++) next[i] = this.ring[(this.first + i) & (this.ring.length - 1)] as number;
    this.ring = next;
    this.first = 0;
  }
}
