import fc from 'fast-check';
import { expect, test } from 'vitest';
import { behindFrontEnd } from '../../src/traffic/front-end.ts';
import { listSource } from '../../src/traffic/list-source.ts';
import { emptyDraft } from '../../src/traffic/request-source.ts';
import { sessionSource } from '../../src/traffic/session-source.ts';

const COST = { latency: 0.5, perRequest: 1, perPromptToken: 0.01 };

test('requests are read one after the other and then take their latency beside each other', () => {
  const source = behindFrontEnd(
    listSource([
      { arrival: 0, input: 100, output: 1 },
      { arrival: 0, input: 200, output: 1 },
      { arrival: 100, input: 100, output: 1 },
    ]),
    COST,
  );
  const draft = emptyDraft();
  const seen: number[][] = [];
  while (source.nextArrival < Number.POSITIVE_INFINITY) {
    source.take(draft);
    seen.push([draft.tag, draft.input, draft.arrival]);
  }
  // 1 + 100 x 0.01 = 2 s of work, then 3 s more, then an idle front end again.
  expect(seen).toEqual([
    [0, 100, 2.5],
    [1, 200, 5.5],
    [2, 100, 102.5],
  ]);
  expect([0, 1, 2].map((tag) => source.delayOf(tag))).toEqual([2.5, 5.5, 2.5]);
});

test('without any cost nothing is changed', () => {
  const source = behindFrontEnd(listSource([{ arrival: 3, input: 7, output: 2 }]), {
    latency: 0,
    perRequest: 0,
    perPromptToken: 0,
  });
  expect(source.nextArrival).toBe(3);
  source.take(emptyDraft());
  expect(source.delayOf(0)).toBe(0);
  expect(source.nextArrival).toBe(Number.POSITIVE_INFINITY);
});

test('conversations are read in the order in which they are sent, whoever was looked at before', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0.1, max: 3, noNaN: true }), (seed, answer) => {
      const plan = {
        mix: { input: { mean: 10, cv: 0 }, output: { mean: 5, cv: 0 }, cachedInput: 0 },
        arrivals: { kind: 'poisson' as const },
        session: {
          turns: { mean: 4, cv: 0 },
          firstInput: 10,
          addedPerTurn: 10,
          contextCap: 1000,
          pause: { mean: 1, cv: 1 },
        },
      };
      const source = behindFrontEnd(sessionSource(plan, 0.1, seed, { limit: 60 }), COST);
      const passed: { sent: number; arrival: number; input: number }[] = [];
      const answers: { time: number; tag: number }[] = [];
      const draft = emptyDraft();
      for (;;) {
        const [next] = answers;
        if (next !== undefined && next.time <= source.nextArrival) {
          answers.shift();
          source.ended(next.tag, next.time);
          continue;
        }
        if (source.nextArrival === Number.POSITIVE_INFINITY) break;
        source.take(draft);
        passed.push({ sent: draft.arrival - source.delayOf(draft.tag), arrival: draft.arrival, input: draft.input });
        answers.push({ time: draft.arrival + answer, tag: draft.tag });
      }
      expect(passed).toHaveLength(60);
      // Lindley's recursion over those sent, in their order.
      let free = 0;
      for (const [i, { sent, arrival, input }] of passed.entries()) {
        if (i > 0) expect(sent).toBeGreaterThanOrEqual((passed[i - 1]?.sent as number) - 1e-9);
        free = Math.max(free, sent) + COST.perRequest + input * COST.perPromptToken;
        expect(arrival).toBeCloseTo(free + COST.latency, 6);
      }
    }),
    { numRuns: 100 },
  );
});
