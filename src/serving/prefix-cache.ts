import type { PromptContent } from '../traffic/request-source.ts';

/** Names below this, and blocks of one name below the other, make a key that a double holds exactly. */
const MOST_NAMES = 2 ** 30;
const MOST_BLOCKS = 2 ** 21;

const KIND = { listed: 0, shared: 1, session: 2 } as const;

function keyOf(kind: number, name: number, block: number): number {
  if (!(name >= 0 && name < MOST_NAMES && block < MOST_BLOCKS)) return -1;
  return (name * 3 + kind) * MOST_BLOCKS + block;
}

/**
 * The name under which a full block of a request's tokens is kept, or -1 where nobody could ask for it again.
 *
 * @param block counted from 0 over prompt and answer
 * @param input tokens of the prompt: a trace names the blocks of prompts only
 */
export function blockKey(content: PromptContent, block: number, blockTokens: number, input: number): number {
  const { blockIds, blockIdTokens } = content;
  if (blockIds !== undefined && blockIdTokens % blockTokens === 0) {
    const perId = blockIdTokens / blockTokens;
    const listed = Math.floor(block / perId);
    if ((block + 1) * blockTokens > input || listed >= blockIds.length) return -1;
    return keyOf(KIND.listed, (blockIds[listed] as number) * perId + (block % perId), 0);
  }
  if (content.shared >= 0 && (block + 1) * blockTokens <= content.sharedTokens) {
    return keyOf(KIND.shared, content.shared, block);
  }
  if (content.session < 0 || (block + 1) * blockTokens > content.sessionTokens) return -1;
  return keyOf(KIND.session, content.session, block);
}

const NONE = -1;

/**
 * Blocks that are kept by name: while a running request uses them, and after that until their room is needed, the
 * longest unused first, of one request the last block first.
 *
 * Rows of a table in columns, the unused ones in a doubly linked list from oldest to newest.
 *
 * @source vLLM v1, automatic prefix caching (free queue in order of release)
 */
export class PrefixCache {
  private readonly rows = new Map<number, number>();
  private key: number[] = [];
  private users: number[] = [];
  /** Position in the request that named it. */
  private block: number[] = [];
  private older: number[] = [];
  private newer: number[] = [];
  private readonly freeRows: number[] = [];
  private oldest = NONE;
  private newest = NONE;
  /** Blocks that no running request uses. */
  evictable = 0;

  /** How many leading blocks, at most `most`, are here; and how many of them are in use already. */
  hits = 0;
  hitsInUse = 0;

  lookUp(content: PromptContent, blockTokens: number, input: number, most: number): void {
    this.hits = 0;
    this.hitsInUse = 0;
    while (this.hits < most) {
      const key = blockKey(content, this.hits, blockTokens, input);
      const row = key < 0 ? undefined : this.rows.get(key);
      if (row === undefined) return;
      this.hits += 1;
      if ((this.users[row] as number) > 0) this.hitsInUse += 1;
    }
  }

  /** Adds a request to the users of its first `hits` blocks, and notes their rows in `owned`. */
  acquire(content: PromptContent, blockTokens: number, input: number, hits: number, owned: number[]): void {
    for (let block = 0; block < hits; block++) {
      const row = this.rows.get(blockKey(content, block, blockTokens, input)) as number;
      if (this.users[row] === 0) this.unlink(row);
      this.users[row] = (this.users[row] as number) + 1;
      owned.push(row);
    }
  }

  /** Names the blocks from `from` to below `to` that are not here yet, as used by the request. */
  register(
    content: PromptContent,
    blockTokens: number,
    input: number,
    from: number,
    to: number,
    owned: number[],
  ): void {
    for (let block = from; block < to; block++) {
      const key = blockKey(content, block, blockTokens, input);
      if (key < 0 || this.rows.has(key)) continue;
      const row = this.freeRows.pop() ?? this.key.length;
      this.key[row] = key;
      this.users[row] = 1;
      this.block[row] = block;
      this.rows.set(key, row);
      owned.push(row);
    }
  }

  /** Takes a request off the users of its blocks, the last one first; empties `owned`. Returns how many are unused now. */
  release(owned: number[]): number {
    let unused = 0;
    if (owned.some((row, i) => i > 0 && (this.block[row] as number) < (this.block[owned[i - 1] as number] as number))) {
      owned.sort((a, b) => (this.block[a] as number) - (this.block[b] as number));
    }
    for (let i = owned.length - 1; i >= 0; i--) {
      const row = owned[i] as number;
      const left = (this.users[row] as number) - 1;
      this.users[row] = left;
      if (left > 0) continue;
      this.append(row);
      unused += 1;
    }
    owned.length = 0;
    return unused;
  }

  /** Forgets the longest unused blocks until no more than `room` are left. */
  evictDownTo(room: number): void {
    while (this.evictable > room) {
      const row = this.oldest;
      this.unlink(row);
      this.rows.delete(this.key[row] as number);
      this.freeRows.push(row);
    }
  }

  private append(row: number): void {
    this.older[row] = this.newest;
    this.newer[row] = NONE;
    if (this.newest === NONE) this.oldest = row;
    else this.newer[this.newest] = row;
    this.newest = row;
    this.evictable += 1;
  }

  private unlink(row: number): void {
    const older = this.older[row] as number;
    const newer = this.newer[row] as number;
    if (older === NONE) this.oldest = newer;
    else this.newer[older] = newer;
    if (newer === NONE) this.newest = older;
    else this.older[newer] = older;
    this.evictable -= 1;
  }
}
