import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { iteratorSource, type ListedRequest, listSource, type ReplayOptions } from '../../src/traffic/list-source.ts';
import { emptyDraft } from '../../src/traffic/request-source.ts';
import { takeAll } from './plain-server.ts';

const trace: ListedRequest[] = Array.from({ length: 1000 }, (_, i) => ({
  arrival: i / 4,
  input: 10 + i,
  output: 1 + i,
}));

function replay(options: ReplayOptions): number[] {
  return takeAll(iteratorSource(trace, options), 1e4).map((request) => request.tag);
}

describe('requests of a list', () => {
  test('come as they are given, with their position as the tag', () => {
    const [first, second] = takeAll(
      listSource([
        { arrival: 1, input: 5, output: 2 },
        { arrival: 1, input: 6, output: 3, cached: 4, priority: 1, session: 8, shared: 2, sharedTokens: 3 },
      ]),
      9,
    );
    expect(first).toEqual({ ...emptyDraft(), arrival: 1, input: 5, output: 2, tag: 0 });
    expect(second).toMatchObject({ tag: 1, cached: 4, priority: 1, session: 8, shared: 2, sharedTokens: 3 });
  });

  test('blocks of a trace are handed on', () => {
    const [request] = takeAll(
      listSource([{ arrival: 0, input: 600, output: 1, blockIds: [4, 7], blockIdTokens: 512 }]),
      9,
    );
    expect(request).toMatchObject({ blockIds: [4, 7], blockIdTokens: 512 });
  });

  test('lengths become whole, at least 1, and the last token is never cached', () => {
    const [request] = takeAll(listSource([{ arrival: 0, input: 3.4, output: 0, cached: 9 }]), 9);
    expect(request).toMatchObject({ input: 3, output: 1, cached: 2 });
  });

  test('an empty list never comes', () => expect(listSource([]).nextArrival).toBe(Number.POSITIVE_INFINITY));

  test.each([[[5, 4]], [[Number.NaN]], [[1, Number.POSITIVE_INFINITY]]])('arrivals %j are refused', (times) => {
    const list = times.map((arrival) => ({ arrival, input: 1, output: 1 }));
    expect(() => takeAll(listSource(list), 9)).toThrow(`request ${times.length} arrives before`);
  });

  test('a trace is read one ahead, however long it is', () => {
    let read = 0;
    function* endless(): Generator<ListedRequest> {
      for (;;) yield { arrival: read++, input: 1, output: 1 };
    }
    expect(takeAll(iteratorSource(endless()), 50)).toHaveLength(50);
    expect(read).toBe(51);
  });
});

describe('a trace replayed', () => {
  test('twice as fast: the same requests at half their times', () => {
    const fast = takeAll(iteratorSource(trace, { speed: 2 }), 1e4);
    expect(fast).toEqual(takeAll(listSource(trace), 1e4).map((one) => ({ ...one, arrival: one.arrival / 2 })));
    expect(() => iteratorSource(trace, { speed: 0 })).toThrow(RangeError);
  });

  test('until a time of the replay', () => {
    expect(replay({ until: 10 })).toHaveLength(40);
    expect(replay({ until: 10, speed: 5 })).toHaveLength(200);
  });

  test('in part: as large a part as asked for, and a smaller one is a part of it', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.nat(), (a, b, seed) => {
        const small = replay({ sample: Math.min(a, b), seed });
        const large = new Set(replay({ sample: Math.max(a, b), seed }));
        expect(small.every((tag) => large.has(tag))).toBe(true);
        const deviation = Math.sqrt(1000 * a * (1 - a));
        expect(Math.abs(replay({ sample: a, seed }).length - 1000 * a)).toBeLessThanOrEqual(6 * deviation + 1);
      }),
    );
  });

  test('all of it where all is asked for, the same for the same seed', () => {
    expect(replay({ sample: 1 })).toHaveLength(1000);
    expect(replay({ sample: 0.3, seed: 5 })).toEqual(replay({ sample: 0.3, seed: 5 }));
    expect(replay({ sample: 0.3, seed: 5 })).not.toEqual(replay({ sample: 0.3, seed: 6 }));
  });
});
