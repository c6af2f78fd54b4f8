import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KvBlocks } from '../../src/serving/kv-blocks.ts';

/** A sequence as it is: tokens in its cache, and for each new one a look at whether the last block is full. */
interface Plain {
  stored: number;
}

const blocksOf = ({ stored }: Plain, blockTokens: number) => Math.ceil(stored / blockTokens);

/** Blocks that all of them take while each stores `tokens` more, one at a time. */
function stepped(sequences: readonly Plain[], blockTokens: number, tokens: number): number {
  let blocks = 0;
  for (const sequence of sequences) {
    for (let i = 0; i < tokens; i++) if ((sequence.stored + i) % blockTokens === 0) blocks += 1;
  }
  return blocks;
}

const batch = fc.record({
  blockTokens: fc.constantFrom(1, 2, 3, 16, 32),
  /** Tokens in the cache at first, and what the clock shows when the sequence joins. */
  members: fc.array(fc.record({ stored: fc.integer({ min: 1, max: 200 }), joined: fc.nat({ max: 100 }) }), {
    maxLength: 12,
  }),
  later: fc.nat({ max: 100 }),
  free: fc.nat({ max: 60 }),
  leavers: fc.nat({ max: 12 }),
  /** Whether those that leave are counted out by what they are now, or by what they were when they joined. */
  counted: fc.constantFrom('now' as const, 'then' as const),
});

type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

/** The blocks of those that stay, the same as plain sequences, and the clock. */
function build({ blockTokens, members, later, free, leavers, counted }: Batch) {
  const clock = 100 + later;
  const staying = members.slice(Math.min(leavers, members.length));
  const plain = staying.map(({ stored, joined }) => ({ stored: stored + clock - joined }));
  const used = plain.reduce((sum, sequence) => sum + blocksOf(sequence, blockTokens), 0);
  const kv = new KvBlocks(used + free, blockTokens);
  kv.take(used);
  for (const { stored, joined } of members) kv.join(stored, joined);
  for (const { stored, joined } of members.slice(0, Math.min(leavers, members.length))) {
    if (counted === 'now') kv.leave(stored + clock - joined, clock);
    else kv.leave(stored, joined);
  }
  return { kv, plain, clock };
}

describe('blocks of the cache', () => {
  test('decoding asks for as many as stepping one token at a time does', () => {
    fc.assert(
      fc.property(batch, fc.nat({ max: 150 }), (each, tokens) => {
        const { kv, plain, clock } = build(each);
        expect(kv.growth(clock, tokens)).toBe(stepped(plain, each.blockTokens, tokens));
        expect(kv.growth(clock, tokens)).toBe(
          plain.reduce(
            (sum, { stored }) =>
              sum + blocksOf({ stored: stored + tokens }, each.blockTokens) - blocksOf({ stored }, each.blockTokens),
            0,
          ),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('the clock may go on just so far that nothing is asked for that is not free', () => {
    fc.assert(
      fc.property(batch, fc.nat({ max: 300 }), (each, most) => {
        const { kv, plain, clock } = build(each);
        const free = kv.free();
        let tokens = 0;
        while (tokens < most && stepped(plain, each.blockTokens, tokens + 1) <= free) tokens += 1;
        expect(kv.tokensWithinRoom(clock, most)).toBe(tokens);
      }),
      { numRuns: 500 },
    );
  });

  test('without a limit it may go on for ever', () => {
    const kv = new KvBlocks(Number.POSITIVE_INFINITY, 16);
    for (let i = 0; i < 300; i++) kv.join(100 + i, 0);
    expect(kv.tokensWithinRoom(7, 1e9)).toBe(1e9);
    expect(kv.free()).toBe(Number.POSITIVE_INFINITY);
  });

  test('a part of a block is a whole one, and the peak is remembered', () => {
    const kv = new KvBlocks(10, 16);
    expect([0, 1, 16, 17].map((tokens) => kv.blocksOf(tokens))).toEqual([0, 1, 1, 2]);
    kv.take(3);
    kv.take(4);
    kv.give(5);
    kv.take(1);
    expect(kv).toMatchObject({ used: 3, peak: 7 });
    expect(kv.free()).toBe(7);
  });
});
