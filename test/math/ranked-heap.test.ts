import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RankedHeap } from '../../src/math/ranked-heap.ts';

interface Entry {
  key: number;
  rank: number;
  id: number;
}

const before = (a: Entry, b: Entry) => a.key - b.key || a.rank - b.rank;

/** What is done to the heap: something goes in, the first comes out, or one in the middle is taken out. */
const deeds = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ push: fc.nat({ max: 30 }) }), weight: 5 },
    { arbitrary: fc.constant('pop' as const), weight: 2 },
    { arbitrary: fc.record({ remove: fc.nat({ max: 300 }) }), weight: 2 },
  ),
  { maxLength: 400, size: 'max' },
);

describe('a heap of deadlines', () => {
  test('gives what sorting would, whatever goes in and comes out', () => {
    fc.assert(
      fc.property(deeds, (each) => {
        const heap = new RankedHeap();
        const plain: Entry[] = [];
        let made = 0;
        for (const deed of each) {
          if (deed === 'pop') {
            if (plain.length === 0) continue;
            expect(heap.pop()).toBe(plain.shift()?.id);
          } else if ('push' in deed) {
            // Ranks go round, so that of equal deadlines the smaller rank may come later.
            const entry = { key: deed.push, rank: (made * 7919) % 1009, id: made };
            made += 1;
            heap.push(entry.key, entry.rank, entry.id);
            plain.push(entry);
            plain.sort(before);
          } else {
            const at = plain.findIndex(({ id }) => id === deed.remove);
            if (at >= 0) plain.splice(at, 1);
            heap.remove(deed.remove);
          }
          expect(heap.length).toBe(plain.length);
          expect(heap.next()).toBe(plain[0]?.key ?? Number.POSITIVE_INFINITY);
        }
        for (const { id } of plain) expect(heap.pop()).toBe(id);
      }),
      { numRuns: 200 },
    );
  });

  test('holds as many as come', () => {
    const heap = new RankedHeap();
    const count = 5000;
    for (let i = 0; i < count; i++) heap.push((i * 7919) % count, 0, (i * 7919) % count);
    expect(Array.from({ length: count }, () => heap.pop())).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(heap.next()).toBe(Number.POSITIVE_INFINITY);
  });
});
