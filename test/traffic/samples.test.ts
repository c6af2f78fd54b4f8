import { describe, expect, test } from 'vitest';
import { closedSource } from '../../src/traffic/closed-source.ts';
import { type ListedRequest, listSource } from '../../src/traffic/list-source.ts';
import { openSource } from '../../src/traffic/open-source.ts';
import { withSamples } from '../../src/traffic/samples.ts';
import { serve, takeAll } from './plain-server.ts';

const LIST: ListedRequest[] = [
  { arrival: 1, input: 50, output: 7, cached: 20 },
  { arrival: 2, input: 30, output: 9, session: 3 },
];
const mix = { input: { mean: 100, cv: 0.5 }, output: { mean: 20, cv: 0.5 }, cachedInput: 0.5 };

describe('several answers to each prompt', () => {
  test('the first computes the prompt, the others find it cached', () => {
    const all = takeAll(withSamples(listSource(LIST), 3), 99);
    expect(all.map(({ arrival, input, output, cached }) => [arrival, input, output, cached])).toEqual([
      [1, 50, 7, 20],
      [1, 50, 7, 49],
      [1, 50, 7, 49],
      [2, 30, 9, 0],
      [2, 30, 9, 29],
      [2, 30, 9, 29],
    ]);
  });

  test('where prefixes are kept they share a name, their own or a new one', () => {
    const all = takeAll(withSamples(listSource(LIST), 2, 'kept'), 99);
    expect(all.map((request) => request.cached)).toEqual([0, 0, 0, 0]);
    const [a, b, c, d] = all.map((request) => request.session);
    expect([a === b, c, d]).toEqual([true, 3, 3]);
    expect(a).toBeGreaterThan(1e6);
  });

  test('one answer is the source itself', () => {
    const source = listSource(LIST);
    expect(withSamples(source, 1)).toBe(source);
  });

  test('a user goes on when all of the answers are there', () => {
    const inner = closedSource({ mix }, 2, { mean: 0, cv: 0 }, 1);
    let served = 0;
    const { requests, ends, mostInFlight } = serve(withSamples(inner, 3), () => 1 + (served++ % 3), 60);
    expect(mostInFlight).toBe(6);
    for (let i = 6; i < 60; i += 6) {
      expect(requests[i]?.arrival).toBe(Math.max(...ends.slice(i - 6, i)));
    }
    expect(new Set(requests.map((request) => request.tag))).toEqual(new Set([0, 1]));
  });

  test('prompts stay those of the inner source', () => {
    const source = () => openSource({ arrivals: { kind: 'poisson' }, mix }, 5, 1, { limit: 100 });
    const sampled = takeAll(withSamples(source(), 4), 1e4);
    const plain = takeAll(source(), 1e4);
    expect(sampled).toHaveLength(400);
    expect(sampled.filter((_, i) => i % 4 === 0).map((request) => request.input)).toEqual(
      plain.map((request) => request.input),
    );
  });
});
