/**
 * How many blocks of the cache are in use, and when decoding will ask for more.
 *
 * A sequence asks for a block once in `blockTokens` tokens. All decoding sequences move on together, so those that ask
 * at the same time are counted together: by the remainder of the token clock at which they do. What a run of iterations
 * asks for is then a sum over at most one turn of that clock face, however many sequences there are.
 */
export class KvBlocks {
  used = 0;
  peak = 0;
  private readonly total: number;
  private readonly blockTokens: number;
  /** Decoding sequences by the clock's remainder at which they ask for a block. */
  private readonly asking: Int32Array;
  private sequences = 0;
  private readonly stateBlocks: number;

  /** @param stateBlocks blocks that a sequence holds whatever its length */
  constructor(total: number, blockTokens: number, stateBlocks = 0) {
    this.stateBlocks = stateBlocks;
    this.total = total;
    this.blockTokens = blockTokens;
    this.asking = new Int32Array(blockTokens);
  }

  free(): number {
    return this.total - this.used;
  }

  take(blocks: number): void {
    this.used += blocks;
    if (this.used > this.peak) this.peak = this.used;
  }

  give(blocks: number): void {
    this.used -= blocks;
  }

  /** Blocks of a sequence with so many tokens in the cache. */
  blocksOf(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens) + this.stateBlocks;
  }

  /** A sequence starts to decode, with `stored` tokens in its cache when the clock shows `clock`. */
  join(stored: number, clock: number): void {
    this.count(stored, clock, 1);
  }

  /** It stops; `stored` and `clock` as they are then, or as they were when it joined. */
  leave(stored: number, clock: number): void {
    this.count(stored, clock, -1);
  }

  private count(stored: number, clock: number, change: number): void {
    const size = this.blockTokens;
    const turn = (((clock - stored) % size) + size) % size;
    this.asking[turn] = (this.asking[turn] as number) + change;
    this.sequences += change;
  }

  /** Blocks asked for while the clock goes from `clock` on by `tokens`. */
  growth(clock: number, tokens: number): number {
    const size = this.blockTokens;
    const turns = Math.floor(tokens / size);
    const rest = tokens - turns * size;
    let blocks = turns * this.sequences;
    let at = clock % size;
    for (let i = 0; i < rest; i++) {
      blocks += this.asking[at] as number;
      at += 1;
      if (at === size) at = 0;
    }
    return blocks;
  }

  /** By how many tokens the clock can go on from `clock` before more is asked for than is free; at most `most`. */
  tokensWithinRoom(clock: number, most: number): number {
    const free = this.free();
    const size = this.blockTokens;
    if (this.sequences === 0 || Math.ceil(most / size) * this.sequences <= free) return most;
    const turns = Math.floor(free / this.sequences);
    let left = free - turns * this.sequences;
    let tokens = turns * size;
    let at = clock % size;
    while (tokens < most) {
      left -= this.asking[at] as number;
      if (left < 0) break;
      tokens += 1;
      at = at + 1 === size ? 0 : at + 1;
    }
    return Math.min(tokens, most);
  }
}
