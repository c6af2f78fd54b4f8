import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestPool } from '../../src/serving/request-pool.ts';
import { emptyDraft } from '../../src/traffic/request-source.ts';

const draftOf = (i: number) => ({
  ...emptyDraft(),
  arrival: i / 8,
  input: 3 * i + 1,
  cached: i,
  output: i + 2,
  priority: i % 2 === 0 ? (0 as const) : (1 as const),
  tag: 2 ** 40 + i,
});

describe('a pool of requests', () => {
  test('keeps what each was, while others come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -400, max: 700 }), { maxLength: 8 }), (waves) => {
        const pool = new RequestPool();
        const rows = new Map<number, number>();
        let made = 0;
        let most = 0;
        for (const wave of waves) {
          for (let i = 0; i < wave; i++) {
            const row = pool.add(draftOf(made));
            expect(rows.has(row)).toBe(false);
            rows.set(row, made++);
          }
          most = Math.max(most, rows.size);
          for (const row of [...rows.keys()].slice(0, Math.max(0, -wave))) {
            pool.remove(row);
            rows.delete(row);
          }
        }
        for (const [row, i] of rows) {
          const { arrival, input, cached, output, priority, tag } = draftOf(i);
          expect([pool.arrival, pool.input, pool.cached].map((column) => column[row])).toEqual([
            arrival,
            input,
            cached,
          ]);
          expect([pool.output, pool.priority, pool.tag].map((column) => column[row])).toEqual([output, priority, tag]);
        }
        // Rows are used again: none lies beyond the most that were there at once.
        expect(Math.max(-1, ...rows.keys())).toBeLessThan(most);
      }),
      { numRuns: 60 },
    );
  });

  test('a row that is used again starts afresh', () => {
    const pool = new RequestPool();
    const row = pool.add(draftOf(1));
    pool.preemptions[row] = 3;
    pool.emitted[row] = 7;
    pool.filled[row] = 5;
    pool.scheduled[row] = 12;
    pool.waitingSince[row] = 99;
    pool.remove(row);
    expect(pool.add(draftOf(8))).toBe(row);
    const fresh = [pool.preemptions, pool.emitted, pool.filled, pool.scheduled, pool.waitingSince, pool.arrival];
    expect(fresh.map((column) => column[row])).toEqual([0, 0, 0, -1, 1, 1]);
  });
});
