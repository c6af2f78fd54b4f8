import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndedRequest, RunTotals } from '../../src/serving/engine-spec.ts';
import type { RunOptions, Timeline } from '../../src/serving/run-records.ts';
import { POLICIES, type PolicyName, underPolicy } from '../serving/policies.ts';
import { runServed, type Served } from '../serving/scenario-replica.ts';
import { near } from './random-scenario.ts';

/** Laws of bookkeeping on engines of any size, most of them too small for what they are given. */

const length = (most: number) =>
  fc.record({ mean: fc.integer({ min: 1, max: most }), cv: fc.double({ min: 0, max: 1.5, noNaN: true }) });

const engine = fc.record({
  slots: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 128 })),
  moreBudget: fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 8192 })),
  kvBlocks: fc.oneof(fc.integer({ min: 60, max: 600 }), fc.integer({ min: 600, max: 20_000 })),
  reservesLongest: fc.boolean(),
});

const load = fc.record({
  /** Requests a second, by powers of two: from one at a time to all at once. */
  rate: fc.double({ min: -2, max: 8, noNaN: true }).map((power) => 2 ** power),
  requests: fc.integer({ min: 1, max: 250 }),
  seed: fc.nat({ max: 1e6 }),
  input: length(2500),
  output: length(300),
  cachedInput: fc.constantFrom(0, 0.4, 1),
});

interface Case {
  engine: typeof engine extends fc.Arbitrary<infer T> ? T : never;
  load: typeof load extends fc.Arbitrary<infer T> ? T : never;
}

interface Span {
  start: number;
  seconds: number;
  iterations: number;
  decoding: number;
  promptTokens: number;
  usedBlocks: number;
}

function play(name: PolicyName, each: Case, options: RunOptions = {}): { totals: RunTotals; ended: EndedRequest[] } {
  const { plan, replica } = underPolicy(name);
  const { rate, requests, seed, input, output, cachedInput } = each.load;
  const { slots, moreBudget, kvBlocks, reservesLongest } = each.engine;
  const mix = { ...plan.traffic.mix, input, output, cachedInput };
  const served: Served = { replica, plan: { ...plan, traffic: { ...plan.traffic, mix } } };
  const tokenBudget = slots * (1 + replica.engine.speculativeDepth) + moreBudget;
  const ended: EndedRequest[] = [];
  const totals = runServed(
    served,
    { rate, requests, seed, spec: { slots, tokenBudget, kvBlocks, reservesLongest } },
    { ended: (request) => ended.push({ ...request }) },
    options,
  );
  return { totals, ended };
}

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);

const cases = fc.record({ engine, load });
const RUNS = { numRuns: 60 };

describe('of any engine and traffic', { timeout: 60_000 }, () => {
  test.each(POLICIES)('%s: every request and every token is accounted for', (name) => {
    fc.assert(
      fc.property(cases, (each) => {
        const { totals, ended } = play(name, each);
        expect(totals.unfinished).toBe(0);
        expect(totals.offered).toBe(each.load.requests);
        expect(totals.offered).toBe(totals.completed + totals.refused);
        expect(totals.completed).toBe(ended.length);
        expect(totals.outputTokens).toBe(sum(ended, ({ output }) => output));
        expect(totals.preemptions).toBe(sum(ended, ({ preemptions }) => preemptions));
        // Every prompt is computed or found once, and more than once only where it was sent back, or padded.
        const prompts = totals.promptTokens + totals.cachedTokens;
        const asked = sum(ended, ({ input }) => input);
        if (name === 'static' || totals.preemptions > 0) expect(prompts).toBeGreaterThanOrEqual(asked);
        else expect(prompts).toBe(asked);
        // Each computes its last token at least; what is stated as cached is taken as that, whoever is sent back.
        expect(totals.promptTokens).toBeGreaterThanOrEqual(totals.completed);
        const isStated = each.load.cachedInput > 0 && !underPolicy(name).replica.engine.prefixCache;
        if (isStated && asked > 2 * totals.completed) expect(totals.cachedTokens).toBeGreaterThan(0);
        if (each.engine.reservesLongest && name !== 'priorities') expect(totals.preemptions).toBe(0);
      }),
      RUNS,
    );
  });

  test.each(POLICIES)('%s: time goes forward, and first come is first served', (name) => {
    fc.assert(
      fc.property(cases, (each) => {
        const { totals, ended } = play(name, each);
        for (const { arrival, scheduled, firstToken, finish, output } of ended) {
          expect(arrival <= scheduled && scheduled < firstToken && firstToken <= finish).toBe(true);
          // Under static batching an answer of one token is handed back with the rest.
          if (output === 1 && name !== 'static') expect(finish).toBe(firstToken);
        }
        expect(ended.every(({ finish }, i) => i === 0 || finish >= (ended[i - 1] as EndedRequest).finish)).toBe(true);
        // One who is refused may come after the last answer.
        const last = ended.at(-1)?.finish ?? 0;
        if (totals.refused > 0) expect(totals.end).toBeGreaterThanOrEqual(last);
        else expect(totals.end).toBe(last);
        for (const priority of [0, 1]) {
          const own = ended.filter((request) => request.priority === priority);
          own.sort((a, b) => a.arrival - b.arrival || a.scheduled - b.scheduled);
          const starts = own.map(({ scheduled }) => scheduled);
          expect(starts).toEqual([...starts].sort((a, b) => a - b));
        }
      }),
      RUNS,
    );
  });

  test.each(POLICIES)('%s: a timeline sums up to the totals, within slots and cache', (name) => {
    fc.assert(
      fc.property(cases, (each) => {
        const spans: Span[] = [];
        const timeline: Timeline = {
          span: (start, seconds, iterations, decoding, promptTokens, _, usedBlocks) =>
            spans.push({ start, seconds, iterations, decoding, promptTokens, usedBlocks }),
        };
        const { totals } = play(name, each, { timeline });
        expect(sum(spans, ({ iterations }) => iterations)).toBe(totals.iterations);
        expect(sum(spans, ({ promptTokens }) => promptTokens)).toBe(totals.promptTokens);
        expect(
          near(
            sum(spans, ({ seconds }) => seconds),
            totals.busySeconds,
          ),
        ).toBe(true);
        const overlaps = spans.filter(({ start }, i) => {
          const before = spans[i - 1] ?? { start: 0, seconds: 0 };
          const end = name === 'disaggregated' ? 0 : before.seconds;
          return start < (before.start + end) * (1 - 1e-12);
        });
        expect(overlaps).toEqual([]);
        expect(spans.filter(({ decoding }) => decoding > each.engine.slots)).toEqual([]);
        expect(spans.filter(({ usedBlocks }) => usedBlocks > totals.peakBlocks)).toEqual([]);
        expect(totals.peakBlocks).toBeLessThanOrEqual(each.engine.kvBlocks);
        const instances = name === 'disaggregated' ? 2 : 1;
        expect(totals.busySeconds).toBeLessThanOrEqual(instances * totals.end * (1 + 1e-9));
        expect(totals.promptSeconds).toBeLessThanOrEqual(totals.busySeconds * (1 + 1e-9));
        expect(totals.runningSeconds).toBeLessThanOrEqual(each.engine.slots * totals.busySeconds * (1 + 1e-9));
      }),
      RUNS,
    );
  });

  test.each(POLICIES)('%s: cut off, what ended before is the same, and the rest is unfinished', (name) => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0, max: 1, noNaN: true }), (each, part) => {
        const whole = play(name, each);
        const until = part * whole.totals.end;
        const { totals, ended } = play(name, each, { until });
        expect(totals.offered).toBe(totals.completed + totals.refused + totals.unfinished);
        expect(totals.completed).toBe(ended.length);
        expect(ended.length).toBeGreaterThanOrEqual(whole.ended.filter(({ finish }) => finish < until).length);
        // A cut may take a leap in two, and so round its end another way.
        ended.forEach((request, i) => {
          const same = whole.ended[i] as EndedRequest;
          expect([request.tag, request.preemptions]).toEqual([same.tag, same.preemptions]);
          for (const key of ['arrival', 'scheduled', 'firstToken', 'finish'] as const) {
            expect(near(request[key], same[key])).toBe(true);
          }
        });
        const answers = sum(ended, ({ output }) => output);
        expect(totals.outputTokens).toBeGreaterThanOrEqual(answers);
        expect(totals.outputTokens).toBeLessThanOrEqual(whole.totals.outputTokens);
      }),
      RUNS,
    );
  });

  test.each(POLICIES)('%s: the same seed gives the same bytes, another does not', (name) => {
    fc.assert(
      fc.property(cases, (each) => {
        const bytes = (seed: number) => JSON.stringify(play(name, { ...each, load: { ...each.load, seed } }));
        const { seed } = each.load;
        expect(bytes(seed)).toBe(bytes(seed));
        const { totals } = play(name, each);
        if (totals.completed > 0) expect(bytes(seed + 1)).not.toBe(bytes(seed));
      }),
      { numRuns: 20 },
    );
  });
});
