/** A set of whole numbers that mostly lie close together, 32 to an entry. */
export class IdSet {
  size = 0;
  private readonly words = new Map<number, number>();

  /** Puts the number in; whether it was new. */
  add(id: number): boolean {
    const key = Math.floor(id / 32);
    const bit = 1 << (id % 32);
    const word = this.words.get(key) ?? 0;
    if ((word & bit) !== 0) return false;
    this.words.set(key, word | bit);
    this.size += 1;
    return true;
  }

  has(id: number): boolean {
    return ((this.words.get(Math.floor(id / 32)) ?? 0) & (1 << (id % 32))) !== 0;
  }
}
