import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closedSource } from '../../src/traffic/closed-source.ts';
import type { RequestTraffic } from '../../src/traffic/draw-requests.ts';
import { serve } from './plain-server.ts';

const CHAT: RequestTraffic = {
  mix: { input: { mean: 100, cv: 0.5 }, output: { mean: 20, cv: 0.5 }, cachedInput: 0 },
};

const users = fc.integer({ min: 1, max: 20 });
const think = fc.record({ mean: fc.double({ min: 0, max: 5, noNaN: true }), cv: fc.constantFrom(0, 0.5, 1) });

describe('users who wait for their answers', () => {
  test('are never more in the system than there are, and each asks one thing at a time', () => {
    fc.assert(
      fc.property(users, think, fc.nat(), (count, thinking, seed) => {
        const source = closedSource(CHAT, count, thinking, seed);
        const { requests, ends, mostInFlight } = serve(source, (request) => request.output / 10, 200);
        expect(requests).toHaveLength(200);
        expect(mostInFlight).toBeLessThanOrEqual(count);
        const lastEnd = new Map<number, number>();
        requests.forEach((request, i) => {
          if (i > 0) expect(request.arrival).toBeGreaterThanOrEqual(requests[i - 1]?.arrival ?? 0);
          expect(request.arrival).toBeGreaterThanOrEqual(lastEnd.get(request.tag) ?? 0);
          lastEnd.set(request.tag, ends[i] as number);
        });
        expect(Math.max(...lastEnd.keys())).toBeLessThan(count);
      }),
    );
  });

  test('all start at once where nobody thinks, and ask again as soon as they are answered', () => {
    const { requests, ends, mostInFlight } = serve(closedSource(CHAT, 5, { mean: 0, cv: 1 }, 1), (r) => r.output, 300);
    expect(requests.slice(0, 5).map((request) => request.arrival)).toEqual([0, 0, 0, 0, 0]);
    expect(requests.slice(0, 5).map((request) => request.tag)).toEqual([0, 1, 2, 3, 4]);
    expect(mostInFlight).toBe(5);
    expect(requests.slice(5).map((request) => request.arrival)).toEqual([...ends].sort((a, b) => a - b).slice(0, 295));
  });

  test('come in evenly over one time to think', () => {
    const { requests } = serve(closedSource(CHAT, 4, { mean: 8, cv: 0 }, 1), () => 1, 8);
    expect(requests.map((request) => request.arrival)).toEqual([0, 2, 4, 6, 9, 11, 13, 15]);
  });

  test('who are answered at the same time ask in that order', () => {
    const { requests } = serve(closedSource(CHAT, 6, { mean: 0, cv: 0 }, 1), () => 1, 30);
    expect(requests.map((request) => request.tag)).toEqual(Array.from({ length: 30 }, (_, i) => i % 6));
  });

  // Little's law over a cycle: users = rate x (think + response).
  test('make as many requests as they have time for', () => {
    const { requests } = serve(closedSource(CHAT, 50, { mean: 3, cv: 1 }, 4), () => 2, 20_000);
    expect(20_000 / (requests.at(-1)?.arrival ?? 0)).toBeCloseTo(50 / 5, 0);
  });

  test('stop at the limit, also with requests that are refused on arrival', () => {
    const { requests } = serve(closedSource(CHAT, 3, { mean: 0, cv: 0 }, 1, { limit: 40 }), () => 0, 1000);
    expect(requests).toHaveLength(40);
  });

  test('same seed, same requests', () => {
    const run = () => serve(closedSource(CHAT, 7, { mean: 1, cv: 1 }, 9), (request) => request.output / 7, 400);
    expect(run()).toEqual(run());
  });
});
