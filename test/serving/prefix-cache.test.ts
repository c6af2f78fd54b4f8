import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockKey, PrefixCache } from '../../src/serving/prefix-cache.ts';
import type { PromptContent } from '../../src/traffic/request-source.ts';
import { runServed, shipped } from './scenario-replica.ts';

const NOBODYS: PromptContent = {
  shared: -1,
  sharedTokens: 0,
  session: -1,
  sessionTokens: Number.POSITIVE_INFINITY,
  blockIds: undefined,
  blockIdTokens: 0,
};

describe('the name of a block', () => {
  test('is that of the shared prompt, then that of the conversation, else none', () => {
    const content = { ...NOBODYS, shared: 5, sharedTokens: 40, session: 9 };
    const keys = [0, 1, 2, 3].map((block) => blockKey(content, block, 16, 100));
    const alike = { ...content, session: 10 };
    expect([0, 1].map((block) => blockKey(alike, block, 16, 50))).toEqual(keys.slice(0, 2));
    expect(blockKey(alike, 2, 16, 100)).not.toBe(keys[2]);
    expect(blockKey({ ...content, session: -1 }, 2, 16, 100)).toBe(-1);
    // The answer belongs to the conversation, too, as far as it is sent back.
    expect(blockKey({ ...content, sessionTokens: 50 * 16 }, 50, 16, 100)).toBe(-1);
    expect(blockKey(content, 50, 16, 100)).toBeGreaterThan(0);
  });

  test('is the one a trace gives, of the prompt only, if its blocks are made of whole blocks of ours', () => {
    const content = { ...NOBODYS, session: 3, blockIds: [7, 8], blockIdTokens: 32 };
    const keys = [0, 1, 2, 3].map((block) => blockKey(content, block, 16, 64));
    expect(new Set(keys).size).toBe(4);
    expect(blockKey({ ...content, blockIds: [8] }, 1, 16, 64)).toBe(keys[3]);
    expect(blockKey(content, 3, 16, 63)).toBe(-1);
    expect(blockKey(content, 4, 16, 100)).toBe(-1);
    expect(blockKey({ ...content, blockIdTokens: 24 }, 0, 16, 64)).toBe(
      blockKey({ ...NOBODYS, session: 3 }, 0, 16, 64),
    );
  });

  test('is never that of another', () => {
    const seen = new Map<number, string>();
    for (const name of [0, 1, 2, 3, 1000, 2 ** 30 - 1]) {
      for (const block of [0, 1, 2, 3, 2 ** 21 - 1]) {
        const long = (block + 1) * 16;
        const own: [string, number][] = [
          [`session ${name} ${block}`, blockKey({ ...NOBODYS, session: name }, block, 16, long)],
          [`shared ${name} ${block}`, blockKey({ ...NOBODYS, shared: name, sharedTokens: long }, block, 16, long)],
          [`listed ${name}`, blockKey({ ...NOBODYS, blockIds: [name], blockIdTokens: 16 }, 0, 16, long)],
        ];
        for (const [what, key] of own) {
          expect(Number.isSafeInteger(key) && key >= 0).toBe(true);
          expect(seen.get(key) ?? what).toBe(what);
          seen.set(key, what);
        }
      }
    }
    expect(blockKey({ ...NOBODYS, session: 2 ** 30 }, 0, 16, 16)).toBe(-1);
    expect(blockKey({ ...NOBODYS, session: 0 }, 2 ** 21, 16, 16)).toBe(-1);
  });
});

const BLOCK = 4;

/** What the cache is, as plainly as it can be said: users by name, and names nobody uses, oldest first. */
class Plain {
  readonly users = new Map<string, number>();
  unused: string[] = [];

  name(content: PromptContent, block: number): string | undefined {
    if ((block + 1) * BLOCK <= content.sharedTokens && content.shared >= 0) return `shared ${content.shared} ${block}`;
    return content.session < 0 ? undefined : `session ${content.session} ${block}`;
  }

  hits(content: PromptContent, most: number): string[] {
    const found: string[] = [];
    for (let block = 0; block < most; block++) {
      const name = this.name(content, block);
      if (name === undefined || !this.users.has(name)) break;
      found.push(name);
    }
    return found;
  }

  use(name: string): void {
    this.users.set(name, (this.users.get(name) ?? 0) + 1);
    this.unused = this.unused.filter((other) => other !== name);
  }

  drop(name: string): boolean {
    const left = (this.users.get(name) ?? 0) - 1;
    this.users.set(name, left);
    if (left === 0) this.unused.push(name);
    return left === 0;
  }

  evict(room: number): void {
    while (this.unused.length > room) this.users.delete(this.unused.shift() ?? '');
  }
}

const content = fc.record({ shared: fc.integer({ min: -1, max: 2 }), session: fc.integer({ min: -1, max: 4 }) });
const deed = fc.record({
  what: fc.constantFrom('begin', 'begin', 'complete', 'end', 'end', 'evict'),
  which: fc.nat({ max: 9 }),
  content,
  input: fc.integer({ min: 1, max: 40 }),
  output: fc.integer({ min: 1, max: 20 }),
  room: fc.nat({ max: 30 }),
});

interface Request {
  content: PromptContent;
  input: number;
  output: number;
  owned: number[];
  /** By block: what it uses by name. */
  names: Map<number, string>;
}

function register(cache: PrefixCache, plain: Plain, request: Request, stored: number): void {
  const full = Math.floor(stored / BLOCK);
  cache.register(request.content, BLOCK, request.input, 0, full, request.owned);
  for (let block = 0; block < full; block++) {
    const name = plain.name(request.content, block);
    if (name === undefined || plain.users.has(name)) continue;
    plain.use(name);
    request.names.set(block, name);
  }
}

function end(cache: PrefixCache, plain: Plain, request: Request): void {
  let unused = 0;
  for (const [, name] of [...request.names].sort(([a], [b]) => b - a)) if (plain.drop(name)) unused += 1;
  expect(cache.release(request.owned)).toBe(unused);
  expect(request.owned).toEqual([]);
}

describe('a cache of prefixes', () => {
  test('finds, keeps and forgets what a plain one does', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 80, size: 'max' }), (deeds) => {
        const cache = new PrefixCache();
        const plain = new Plain();
        const running: Request[] = [];
        for (const { what, which, room, input, output, content: names } of deeds) {
          const at = which % Math.max(1, running.length);
          const request = running[at];
          if (what === 'begin') {
            const own = { ...NOBODYS, ...names, sharedTokens: Math.min(18, input) };
            const most = Math.floor((input - 1) / BLOCK);
            const found = plain.hits(own, most);
            cache.lookUp(own, BLOCK, input, most);
            expect(cache.hits).toBe(found.length);
            expect(cache.hitsInUse).toBe(found.filter((name) => (plain.users.get(name) ?? 0) > 0).length);
            const owned: number[] = [];
            cache.acquire(own, BLOCK, input, cache.hits, owned);
            for (const name of found) plain.use(name);
            running.push({ content: own, input, output, owned, names: new Map(found.entries()) });
          } else if (what === 'evict') {
            cache.evictDownTo(room);
            plain.evict(room);
          } else if (request !== undefined && what === 'complete') {
            register(cache, plain, request, request.input);
          } else if (request !== undefined) {
            running.splice(at, 1);
            if (which % 2 === 0) register(cache, plain, request, request.input + request.output - 1);
            end(cache, plain, request);
          }
          expect(cache.evictable).toBe(plain.unused.length);
        }
        for (const request of running) end(cache, plain, request);
        expect(cache.evictable).toBe(plain.users.size);
        cache.evictDownTo(0);
        expect(cache.evictable).toBe(0);
      }),
      { numRuns: 400 },
    );
  });
});

test.each([
  [100, 1],
  [200, 1],
  [400, 0],
])('of an answer of %d tokens, where a turn adds 200, the next prompt repeats %d', (answer, comesBack) => {
  const turns = 6;
  const session = { turns, first_input: 1008, added_per_turn: 208, pause: '5 s' };
  const each = shipped('chat-8b.yaml', {
    serving: { prefix_cache: true },
    traffic: { input_tokens: undefined, output_tokens: answer, session },
  });
  const { cachedTokens, promptTokens } = runServed(each, { rate: 0.5, requests: 1200 });
  const prompts = Array.from({ length: turns }, (_, i) => 1008 + 208 * i);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const repeated = sum(prompts.slice(0, -1)) + comesBack * (turns - 1) * answer;
  // Hits are rounded down to blocks, by half of one of 16 each on average; the last conversations are cut short.
  expect(Math.abs(cachedTokens / (cachedTokens + promptTokens) - repeated / sum(prompts))).toBeLessThan(0.015);
});
