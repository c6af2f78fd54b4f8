import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BacklogWatch } from '../../src/serving/backlog-watch.ts';
import { emptyEnded } from '../../src/serving/run-records.ts';
import { runServed, saturationOf, shipped } from './scenario-replica.ts';

/** Watches requests that come evenly over a run of so many seconds and wait as told; ended in the order given. */
function watch(
  length: number,
  count: number,
  wait: (arrival: number) => number,
  order: (i: number) => number = (i) => i,
) {
  const backlog = new BacklogWatch();
  for (let i = 0; i < count; i++) {
    const arrival = (order(i) / (count - 1)) * length;
    backlog.ended({ ...emptyEnded(), arrival, waited: wait(arrival) });
  }
  return backlog.growth();
}

const length = fc.double({ min: 0.1, max: 1e7, noNaN: true });

describe('a backlog', () => {
  // Waits of a·t: 0.375·a·T in the second quarter of a run of T, 0.875·a·T in the last.
  test('that grows steadily is seen, however long the run', () => {
    fc.assert(
      fc.property(length, fc.double({ min: 0.075, max: 3, noNaN: true }), (seconds, slope) => {
        const growth = watch(seconds, 2000, (arrival) => slope * arrival);
        expect((growth?.early ?? 0) / (0.375 * slope * seconds)).toBeCloseTo(1, 1);
        expect((growth?.late ?? 0) / (0.875 * slope * seconds)).toBeCloseTo(1, 1);
      }),
    );
  });

  test('is seen whatever the order of the ends', () => {
    const forwards = watch(5000, 2003, (arrival) => arrival / 2);
    const shuffled = watch(
      5000,
      2003,
      (arrival) => arrival / 2,
      (i) => (i * 7919) % 2003,
    );
    expect(shuffled?.early).toBeCloseTo(forwards?.early ?? 0, 6);
    expect(shuffled?.late).toBeCloseTo(forwards?.late ?? 0, 6);
  });

  test('is not one where waits are long but even, or short beside the run', () => {
    fc.assert(
      fc.property(length, (seconds) => {
        expect(watch(seconds, 500, () => seconds)).toBeUndefined();
        expect(watch(seconds, 500, (arrival) => 0.05 * arrival)).toBeUndefined();
        expect(watch(seconds, 500, (arrival) => seconds - arrival)).toBeUndefined();
      }),
    );
  });

  test('counts what a request waits for after it was sent back, and in front of the engine', () => {
    const backlog = new BacklogWatch((tag) => tag / 2);
    for (let tag = 0; tag < 1000; tag++) {
      const arrival = tag + tag / 2;
      backlog.ended({ ...emptyEnded(), tag, arrival, scheduled: arrival, waited: tag / 4 });
    }
    expect(backlog.growth()?.late).toBeCloseTo(0.75 * 875, -1);
  });

  test('is not one where nobody came', () => {
    expect(new BacklogWatch().growth()).toBeUndefined();
  });
});

// Near saturation waits are long and wander, so what is borne is told from what is not at a tenth to either side.
test.each(['chat-8b.yaml', 'nightly-batch.yaml'])('%s: a load beyond saturation is told from one below', (file) => {
  const each = shipped(file);
  const saturation = saturationOf(each, 6000);
  const growth = (share: number) => {
    const backlog = new BacklogWatch();
    runServed(each, { rate: share * saturation, requests: 20_000 }, backlog);
    return backlog.growth();
  };
  expect(growth(0.85)).toBeUndefined();
  expect(growth(1.1)).toBeDefined();
});
