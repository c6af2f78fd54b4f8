import { expect, test } from 'vitest';
import type { EndedRequest } from '../../src/serving/engine-spec.ts';
import { LatencyRecorder } from '../../src/serving/latency-recorder.ts';
import { emptyEnded } from '../../src/serving/run-records.ts';

const ended = (more: Partial<EndedRequest>): EndedRequest => ({ ...emptyEnded(), output: 1, ...more });

test('latencies run from the arrival, time per token from the first token', () => {
  const recorder = new LatencyRecorder();
  recorder.ended(ended({ arrival: 10, scheduled: 11, firstToken: 13, finish: 21, output: 5 }));
  const { ttft, queue, e2e, tpot } = recorder.all();
  expect([ttft, queue, e2e, tpot].map((sketch) => sketch.quantile(0.5))).toEqual([3, 1, 11, 2]);
});

test('an answer of one token has no time per token', () => {
  const recorder = new LatencyRecorder();
  recorder.ended(ended({ arrival: 0, firstToken: 2, finish: 2 }));
  expect(recorder.all().tpot.count).toBe(0);
  expect(recorder.all().ttft.count).toBe(1);
});

test('what the server does before the engine sees a request adds to what its user sees', () => {
  const recorder = new LatencyRecorder((tag) => tag / 4);
  recorder.ended(ended({ tag: 4, scheduled: 1, firstToken: 3, finish: 5, output: 3 }));
  const { ttft, queue, e2e, tpot } = recorder.all();
  expect([ttft, queue, e2e, tpot].map((sketch) => sketch.quantile(0.5))).toEqual([4, 1, 6, 1]);
});

test('those who arrived before a run was in its stride are left out', () => {
  const recorder = new LatencyRecorder(undefined, 5);
  for (const arrival of [4.999, 5, 6]) recorder.ended(ended({ arrival, firstToken: arrival + 1, finish: arrival + 1 }));
  expect(recorder.all().e2e.count).toBe(2);
});

test('priorities are kept apart, and together', () => {
  const recorder = new LatencyRecorder();
  for (let i = 1; i <= 9; i++) {
    recorder.ended(ended({ priority: i % 3 === 0 ? 1 : 0, firstToken: i, finish: i + 1, output: 2 }));
  }
  const [first, second] = recorder.byPriority;
  expect([first.ttft, second.ttft].map(({ count }) => count)).toEqual([6, 3]);
  expect(second.ttft.quantile(0.5)).toBe(6);
  expect(recorder.all().ttft.quantile(0.5)).toBe(5);
  expect(recorder.all().tpot.count).toBe(9);
  // Asking for all of them has not mixed the two.
  expect(first.ttft.count).toBe(6);
});
