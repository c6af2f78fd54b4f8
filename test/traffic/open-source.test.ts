import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TrafficPlan } from '../../src/scenario/plan.ts';
import { type OpenOptions, openSource } from '../../src/traffic/open-source.ts';
import { emptyDraft, type RequestDraft } from '../../src/traffic/request-source.ts';
import { takeAll } from './plain-server.ts';
import { correlationOf, sampleMoments } from './sample-moments.ts';

type OpenTraffic = Parameters<typeof openSource>[0];

const CHAT: OpenTraffic = {
  arrivals: { kind: 'poisson' },
  mix: { input: { mean: 2000, cv: 0.8 }, output: { mean: 300, cv: 0.6 }, cachedInput: 0.4 },
};

function requests(traffic: Partial<OpenTraffic>, count: number, options: OpenOptions = {}, seed = 1): RequestDraft[] {
  return takeAll(openSource({ ...CHAT, ...traffic }, 5, seed, options), count);
}

const arrivals: fc.Arbitrary<TrafficPlan['arrivals']> = fc.oneof(
  fc.constantFrom({ kind: 'poisson' as const }, { kind: 'deterministic' as const }),
  fc.record({
    kind: fc.constantFrom('gamma' as const, 'weibull' as const),
    cv: fc.double({ min: 0, max: 10, noNaN: true }),
  }),
);
const length = fc.record({ mean: fc.integer({ min: 1, max: 1e5 }), cv: fc.double({ min: 0, max: 4, noNaN: true }) });
const traffics: fc.Arbitrary<OpenTraffic> = fc.record({
  arrivals,
  mix: fc.record({ input: length, output: length, cachedInput: fc.double({ min: 0, max: 1, noNaN: true }) }),
  sharedPrompt: fc.record({ tokens: fc.integer({ min: 1, max: 5000 }), count: fc.integer({ min: 1, max: 9 }) }),
  background: fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), slo: fc.constant([]) }),
});

describe('requests that arrive by themselves', () => {
  test('come in order, with lengths that an engine can take', () => {
    fc.assert(
      fc.property(traffics, fc.nat(), (traffic, seed) => {
        let before = 0;
        for (const [i, request] of takeAll(openSource(traffic, 3, seed), 100).entries()) {
          expect(request.tag).toBe(i);
          expect(request.arrival).toBeGreaterThanOrEqual(before);
          before = request.arrival;
          expect([request.input, request.output, request.cached].every(Number.isSafeInteger)).toBe(true);
          expect(request.cached >= 0 && request.cached < request.input && request.output >= 1).toBe(true);
          expect(request.shared >= 0 && request.shared < (traffic.sharedPrompt?.count ?? 0)).toBe(true);
          expect(request.sharedTokens).toBeLessThanOrEqual(request.input);
        }
      }),
    );
  });

  test('same seed, same requests; another seed, others', () => {
    fc.assert(
      fc.property(traffics, fc.nat(), (traffic, seed) => {
        expect(takeAll(openSource(traffic, 3, seed), 50)).toEqual(takeAll(openSource(traffic, 3, seed), 50));
      }),
    );
    expect(requests({}, 10, {}, 2)).not.toEqual(requests({}, 10, {}, 1));
  });

  test('write all of a draft, whatever was in it', () => {
    const used: RequestDraft = {
      ...emptyDraft(),
      session: 7,
      blockIds: [1],
      blockIdTokens: 16,
      shared: 3,
      priority: 1,
    };
    openSource(CHAT, 5, 1).take(used);
    expect(used).toEqual(requests({}, 1)[0]);
    expect(used).toMatchObject({ session: -1, shared: -1, sharedTokens: 0, priority: 0, blockIds: undefined });
  });

  test('as many as asked for, and none at or after the end', () => {
    expect(requests({}, 100, { limit: 7 })).toHaveLength(7);
    expect(requests({}, 100, { limit: 0 })).toHaveLength(0);
    const clock = { arrivals: { kind: 'deterministic' as const } };
    expect(requests(clock, 100, { until: 2 }).map((request) => request.arrival)).toEqual(
      Array.from({ length: 9 }, (_, i) => (i + 1) / 5),
    );
  });

  test('at the rate asked for, within sampling error', () => {
    for (const [cv, kind] of [
      [2, 'gamma'],
      [2, 'weibull'],
    ] as const) {
      const all = requests({ arrivals: { kind, cv } }, 100_000);
      const rate = all.length / (all.at(-1)?.arrival ?? 0);
      expect(Math.abs(rate / 5 - 1)).toBeLessThan((4 * cv) / Math.sqrt(all.length));
    }
  });

  test('lengths have their moments and cached share', () => {
    const all = requests({}, 100_000);
    const inputs = sampleMoments(all.map((request) => request.input));
    expect(inputs.mean / 2000).toBeCloseTo(1, 1);
    expect(inputs.cv).toBeCloseTo(0.8, 1);
    const cached = all.reduce((sum, request) => sum + request.cached, 0);
    expect(cached / all.reduce((sum, request) => sum + request.input, 0)).toBeCloseTo(0.4, 4);
  });

  test('priorities and shared prompts have their shares, and nothing to do with each other', () => {
    const all = requests({ background: { share: 0.3, slo: [] }, sharedPrompt: { tokens: 100, count: 4 } }, 100_000);
    const [low, shared] = [all.map((request) => request.priority), all.map((request) => request.shared)];
    expect(sampleMoments(low).mean).toBeCloseTo(0.3, 2);
    for (const name of [0, 1, 2, 3]) {
      expect(shared.filter((other) => other === name).length / all.length).toBeCloseTo(0.25, 2);
    }
    expect(Math.abs(correlationOf(low, shared))).toBeLessThan(4 / Math.sqrt(all.length));
  });

  test('a change of one thing leaves the others as they were', () => {
    const base = requests({ background: { share: 0.5, slo: [] }, sharedPrompt: { tokens: 50, count: 3 } }, 200);
    const column = <K extends keyof RequestDraft>(all: RequestDraft[], key: K) => all.map((request) => request[key]);
    const burstier = requests(
      {
        arrivals: { kind: 'gamma', cv: 3 },
        background: { share: 0.5, slo: [] },
        sharedPrompt: { tokens: 9, count: 3 },
      },
      200,
    );
    for (const key of ['input', 'output', 'priority', 'shared'] as const) {
      expect(column(burstier, key)).toEqual(column(base, key));
    }
    for (const key of ['arrival', 'input', 'output'] as const)
      expect(column(requests({}, 200), key)).toEqual(column(base, key));
  });

  test('twice the rate only moves arrivals, to half their time', () => {
    const slow = takeAll(openSource(CHAT, 5, 3), 500);
    const fast = takeAll(openSource(CHAT, 10, 3), 500);
    expect(fast).toEqual(slow.map((request) => ({ ...request, arrival: request.arrival / 2 })));
  });

  test('a day is replayed by its shape', () => {
    const day = requests({}, 1e5, { rateShape: { step: 3600, multipliers: [0, 1, 3] }, until: 3 * 3600 });
    const inHour = (hour: number) => day.filter((request) => Math.floor(request.arrival / 3600) === hour).length;
    expect(inHour(0)).toBe(0);
    for (const hour of [1, 2]) {
      const expected = hour === 1 ? 18_000 : 54_000;
      expect(Math.abs(inHour(hour) - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
    expect(inHour(3)).toBe(0);
  });

  test('closed arrivals are for another source', () => {
    const closed = { kind: 'closed' as const, users: 4, think: { mean: 1, cv: 1 } };
    expect(() => requests({ arrivals: closed }, 1)).toThrow(RangeError);
  });
});
