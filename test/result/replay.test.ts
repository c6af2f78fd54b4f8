import { expect, test } from 'vitest';
import { replay } from '../../src/result/replay.ts';
import { trafficSource } from '../../src/serving/traffic-source.ts';
import { shipped } from '../serving/scenario-replica.ts';

test('requests in the background are held against their own target, the others against theirs', () => {
  const { plan, replica } = shipped('chat-8b.yaml', {
    traffic: { background: { share: 0.5, slo: { ttft_p95: '1 ms' } } },
    slo: { ttft_p95: '60 s', tpot_p95: undefined },
  });
  const { background } = plan.traffic;
  const source = trafficSource(plan.traffic, 1, 0, { limit: 400, keepsPrefixes: false, longest: 1e5 });
  const { targets, warnings } = replay(replica, source, plan.slo, { background: background?.slo ?? [] });
  expect(targets.map(({ target_s, met, background: behind }) => [target_s, met, behind])).toEqual([
    [60, true, undefined],
    [0.001, false, true],
  ]);
  expect(warnings).toContain('TTFT p95 in the background misses its target');
});

test('a front end that cannot keep up shows as a backlog, though the engine stands idle', () => {
  const each = shipped('chat-8b.yaml');
  const replica = { ...each.replica, frontEnd: { latency: 0, perRequest: 1, perPromptToken: 0 } };
  const source = trafficSource(each.plan.traffic, 1.5, 0, { limit: 600, keepsPrefixes: false, longest: 1e5 });
  const record = replay(replica, source, each.plan.slo);
  expect(record.warnings.join()).toContain('the backlog grew');
  expect(record.ttft_s?.p95).toBeGreaterThan(100);
  expect(record.queue_s?.p95).toBeLessThan(1);
});
