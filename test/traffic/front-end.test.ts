import { expect, test } from 'vitest';
import { behindFrontEnd } from '../../src/traffic/front-end.ts';
import { listSource } from '../../src/traffic/list-source.ts';
import { emptyDraft } from '../../src/traffic/request-source.ts';

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
