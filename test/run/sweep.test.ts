import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { planSweep } from '../../src/analysis/sweep-plan.ts';
import { runSweep } from '../../src/run/sweep.ts';
import type { Chunk, Span } from '../../src/run/sweep-chunk.ts';
import type { Hand } from '../../src/run/sweep-crew.ts';

/** What the hands of one sweep meet and what they did: set anew for each. */
interface World {
  faults: ReadonlySet<number>;
  /** Milliseconds that a point is said to take. */
  pace: (point: number) => number;
  /** Turns of the event loop until the next span is back, so that hands overtake each other. */
  waits: readonly number[];
  ran: number[];
}

const now = vi.hoisted(() => ({ world: {} as World }));

/** Hands that only count; one that is dismissed answers no more, like a thread. */
vi.mock('../../src/run/sweep-crew.ts', () => {
  function chunkOf({ faults, pace, ran }: World, { from, to }: Span): Chunk {
    const lines: string[] = [];
    let milliseconds = 0;
    for (let point = from; point < to; point++) {
      milliseconds += pace(point);
      if (faults.has(point)) return { lines, columns: [], fault: `point ${point}`, milliseconds };
      lines.push(`${point}`);
      ran.push(point);
    }
    return { lines, columns: [], milliseconds };
  }

  function hand(): Hand {
    const { world } = now;
    let isHere = true;
    return {
      async run(span) {
        const chunk = chunkOf(world, span);
        const turns = world.waits[world.ran.length % world.waits.length] ?? 0;
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        return isHere ? chunk : new Promise(() => undefined);
      },
      async dismiss() {
        isHere = false;
      },
    };
  }
  return { ownHand: hand, threadHand: hand };
});

const axis = (size: number, index: number) => ({
  path: `a${index}`,
  values: Array.from({ length: size }, (_, value) => value),
  unit: undefined,
  whole: true,
  warnings: [],
});

const sweep = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
  workers: fc.integer({ min: 1, max: 12 }),
  /** Share of the points that are there already, and at which it is stopped: behind the end for not at all. */
  done: fc.constantFrom(0, 0.3, 0.99, 1),
  stopped: fc.constantFrom(0.5, 2, 2),
  faults: fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 3 }),
  paces: fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 5 }),
  waits: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 20 }),
});

test('whoever is first, rows come in order, each once, up to the first fault or to where it was stopped', async () => {
  await fc.assert(
    fc.asyncProperty(sweep, async ({ sizes, workers, done, stopped, faults, paces, waits }) => {
      const plan = planSweep(sizes.map(axis));
      const from = Math.floor(done * plan.points);
      const pace = (point: number) => paces[point % paces.length] as number;
      const ran: number[] = [];
      now.world = { faults: new Set(faults), pace, waits, ran };
      const stop = new AbortController();
      const taken: number[] = [];
      const told: number[] = [];
      const outcome = await runSweep(
        { raw: {}, plan, seed: 0 },
        {
          workers,
          from,
          stop: stop.signal,
          onPoints: (count) => told.push(count),
          take({ lines, fault }) {
            taken.push(...lines.map(Number));
            if (fault !== undefined) throw new RangeError(fault);
            if (taken.length >= stopped * plan.points) stop.abort();
          },
        },
      ).catch((error: unknown) => error);

      expect(taken).toEqual(taken.map((_, i) => from + i));
      expect(new Set(ran).size).toBe(ran.length);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(Math.max(from, ...told)).toBeLessThanOrEqual(plan.points);
      if (stop.signal.aborted) return;
      const first = Math.min(plan.points, ...faults.filter((point) => point >= from));
      expect(taken).toHaveLength(first - from);
      expect(outcome).toEqual(first < plan.points ? new RangeError(`point ${first}`) : undefined);
      if (first === plan.points && first > from) expect(told.at(-1)).toBe(plan.points);
    }),
    { numRuns: 400 },
  );
});
