import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { busyLanes, fullestLane, ONE_LANE } from '../../src/perf/parallelism.ts';
import { emptyLoad } from '../../src/perf/step-load.ts';

const lanes = fc.record({
  ranks: fc.constantFrom(1, 2, 4, 8),
  stages: fc.constantFrom(1, 2, 4),
  promptGrain: fc.integer({ min: 0, max: 8192 }),
});

describe('lanes', () => {
  test('by hand: 64 sequences and one prompt of 1000 on 8 ranks', () => {
    const load = { ...emptyLoad(), decodeSequences: 64, contextFull: 64_000, promptTokens: 1000, emitted: 65 };
    const lane = fullestLane({ ranks: 8, stages: 1, promptGrain: 1000 }, load, 1);
    expect(lane).toMatchObject({ decodeSequences: 8, contextFull: 8000, promptTokens: 1000, emitted: 9 });
    // The experts of all ranks see every token.
    expect(lane.expertTokens).toBe(1064);
  });

  test('eight prompts at once are one a rank', () => {
    const load = { ...emptyLoad(), promptTokens: 8000, emitted: 8 };
    expect(fullestLane({ ranks: 8, stages: 1, promptGrain: 1000 }, load, 1)).toMatchObject({
      promptTokens: 1000,
      expertTokens: 8000,
      emitted: 1,
    });
  });

  test('64 sequences on four stages: micro-batches of 16, each meeting its own experts', () => {
    const load = { ...emptyLoad(), decodeSequences: 64, contextFull: 6400, emitted: 64 };
    expect(fullestLane({ ranks: 1, stages: 4, promptGrain: 0 }, load, 1)).toMatchObject({
      decodeSequences: 16,
      contextFull: 1600,
      expertTokens: 16,
      microBatches: 4,
    });
  });

  test('fewer sequences than stages leave bubbles: one is alone in its micro-batch', () => {
    const load = { ...emptyLoad(), decodeSequences: 1, contextFull: 100, emitted: 1 };
    const lane = fullestLane({ ranks: 1, stages: 4, promptGrain: 0 }, load, 1);
    expect(lane).toMatchObject({ decodeSequences: 1, contextFull: 100, microBatches: 1 });
  });

  test('one lane carries everything as it is', () => {
    const load = {
      ...emptyLoad(),
      decodeSequences: 7,
      contextFull: 70,
      promptTokens: 30,
      promptKvTokens: 60,
      emitted: 8,
    };
    expect(fullestLane(ONE_LANE, load, 3)).toEqual({ ...load, expertTokens: 51, microBatches: 1 });
  });

  test('the busy lanes together carry every sequence, its context, and at least the prompts', () => {
    fc.assert(
      fc.property(lanes, fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 60_000 }), (all, n, prompt) => {
        const load = { ...emptyLoad(), decodeSequences: n, contextFull: 500 * n, promptTokens: prompt, emitted: n };
        const lane = fullestLane(all, load, 1);
        const busy = busyLanes(all, n);
        expect(lane.decodeSequences * busy).toBeCloseTo(n, 8);
        expect(lane.contextFull * busy).toBeCloseTo(500 * n, 6);
        expect(lane.promptTokens * all.ranks * all.stages).toBeGreaterThanOrEqual(prompt * (1 - 1e-12));
        expect(lane.promptTokens * all.stages).toBeLessThanOrEqual(prompt * (1 + 1e-12));
        expect(lane.expertTokens).toBeLessThanOrEqual((n + prompt) * (1 + 1e-12));
      }),
    );
  });
});
