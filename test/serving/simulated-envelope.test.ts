import { describe, expect, test } from 'vitest';
import type { EndedRequest } from '../../src/serving/engine-spec.ts';
import { buildEnvelope, type Envelope, QUANTILES } from '../../src/serving/envelope.ts';
import { LatencyRecorder } from '../../src/serving/latency-recorder.ts';
import { readLatency } from '../../src/serving/read-envelope.ts';
import { simulateEnvelope } from '../../src/serving/simulated-envelope.ts';
import { frontEndSeconds } from '../../src/traffic/front-end.ts';
import { POLICIES, underPolicy } from './policies.ts';
import { runServed, type Served, shipped } from './scenario-replica.ts';

const curves = new Map<string, Envelope>();
function curve(name: string, { plan, replica }: Served, seed = 0): Envelope {
  const known = curves.get(`${name} ${seed}`) ?? simulateEnvelope(replica, { ...plan.traffic, slo: plan.slo }, seed);
  curves.set(`${name} ${seed}`, known);
  return known;
}

const FILES = ['chat-8b.yaml', 'support-chat-70b.yaml', 'nightly-batch.yaml', 'moe-on-one-node.yaml'];
const at = (values: readonly number[] | undefined, share: number) =>
  values?.[QUANTILES.indexOf(share as (typeof QUANTILES)[number])] as number;

describe('the simulated curve against the closed form', { timeout: 60_000 }, () => {
  test.each(FILES)('%s: saturation within 7 %', (file) => {
    const each = shipped(file);
    const closed = buildEnvelope(each.replica, each.plan.slo);
    const { saturation, target } = curve(file, each);
    expect(Math.abs(saturation.requestsPerSecond / closed.saturation.requestsPerSecond - 1)).toBeLessThan(0.07);
    // The target is near saturation, where the closed form's tails err low.
    expect(target.requestsPerSecond).toBeLessThanOrEqual(closed.target.requestsPerSecond * 1.01);
    expect(target.requestsPerSecond).toBeGreaterThan(0.8 * closed.target.requestsPerSecond);
  });

  test.each(FILES)('%s: medians up to 80 % of saturation, per token within 11 %, to the first within 20 %', (file) => {
    const each = shipped(file);
    const closed = buildEnvelope(each.replica, []);
    const { points, saturation } = curve(file, each);
    const low = points.filter((point) => point.requestsPerSecond < 0.8 * saturation.requestsPerSecond);
    expect(low.length).toBeGreaterThan(5);
    for (const { requestsPerSecond, ttft, tpot } of low) {
      const closedTpot = at(readLatency(closed, requestsPerSecond, 'tpot'), 0.5);
      expect(Math.abs(closedTpot / at(tpot, 0.5) - 1)).toBeLessThan(0.11);
      const closedTtft = at(readLatency(closed, requestsPerSecond, 'ttft'), 0.5);
      expect(Math.abs(closedTtft / at(ttft, 0.5) - 1)).toBeLessThan(0.2);
    }
  });
});

describe('the simulated curve', { timeout: 60_000 }, () => {
  test.each(POLICIES)('%s: rises, is finite, and ends below saturation', (name) => {
    const { points, saturation, target } = curve(name, underPolicy(name));
    expect(points.length).toBeGreaterThan(6);
    expect(points[0]?.requestsPerSecond).toBe(0);
    points.forEach((point, i) => {
      const before = points[i - 1];
      for (const value of [point.running, point.busy, point.promptShare, ...point.ttft, ...point.tpot]) {
        expect(Number.isFinite(value)).toBe(true);
        expect(value).toBeGreaterThanOrEqual(0);
      }
      expect(point.busy).toBeLessThanOrEqual(1);
      if (before === undefined) return;
      expect(point.requestsPerSecond).toBeGreaterThan(before.requestsPerSecond - 1e-12);
      // A batch that fills slowly is waited for; every other latency rises with the load.
      if (name === 'static') return;
      for (const metric of ['ttft', 'tpot'] as const) {
        for (const [q, value] of point[metric].entries()) {
          expect(value).toBeGreaterThanOrEqual((before[metric][q] as number) * (1 - 1e-12));
        }
      }
    });
    expect(points.at(-1)?.requestsPerSecond).toBeLessThan(saturation.requestsPerSecond);
    expect(target.requestsPerSecond).toBeLessThanOrEqual(saturation.requestsPerSecond);
  });

  test('a seed gives the same curve, another one nearly', () => {
    const each = underPolicy('chunked');
    const [first, again, other] = [0, 0, 1].map((seed) =>
      simulateEnvelope(each.replica, { ...each.plan.traffic, slo: each.plan.slo }, seed),
    );
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first));
    const ratio = (key: 'saturation' | 'target') =>
      (other?.[key].requestsPerSecond ?? 0) / (first?.[key].requestsPerSecond ?? 1);
    expect(Math.abs(ratio('saturation') - 1)).toBeLessThan(0.03);
    expect(Math.abs(ratio('target') - 1)).toBeLessThan(0.03);
  });

  test('its capacity holds: a fresh run there meets the target, one a tenth beyond does not', () => {
    const each = shipped('chat-8b.yaml');
    const { target } = curve('chat-8b.yaml', each);
    const ttft95 = (share: number) => {
      const rate = share * target.requestsPerSecond;
      const before = frontEndSeconds(each.replica.frontEnd, each.replica.means.input);
      const recorder = new LatencyRecorder(() => before, 2000 / rate);
      runServed(each, { rate, requests: 40_000, seed: 9 }, recorder);
      return recorder.all().ttft.quantile(0.95) ?? 0;
    };
    expect(target.limitedBy).toBe('ttft');
    expect(ttft95(0.96)).toBeLessThan(1.5);
    expect(ttft95(1.1)).toBeGreaterThan(1.5);
  });

  test('requests in the background are judged by their own target', () => {
    const target = (seconds: number) => {
      const change = { traffic: { background: { share: 0.5, slo: { ttft_p95: seconds } } }, slo: { ttft_p95: '60 s' } };
      const each = shipped('chat-8b.yaml', {
        ...change,
        traffic: { background: { share: 0.5, slo: { ttft_p95: `${seconds} s` } } },
      });
      return curve(`background ${seconds}`, each).target.requestsPerSecond;
    };
    expect(target(0.2)).toBeLessThan(target(30));
  });

  test.each([2, 20, 100])('the same calls saturate a replica at the same rate in sessions of %d', (turns) => {
    const lengths = { input_tokens: 1000, output_tokens: 200 };
    const single = curve('single', shipped('chat-8b.yaml', { traffic: lengths }));
    const session = { turns, first_input: 1000, added_per_turn: 0, pause: '5 s' };
    const each = shipped('chat-8b.yaml', { traffic: { ...lengths, input_tokens: undefined, session } });
    const { saturation } = curve(`sessions of ${turns}`, each);
    expect(Math.abs(saturation.requestsPerSecond / single.saturation.requestsPerSecond - 1)).toBeLessThan(0.02);
  });

  const short = (gpu: string) =>
    shipped('chat-8b.yaml', {
      serving: { gpu },
      capacity: { rent: { id: undefined, price: '5 USD/h' } },
      traffic: { input_tokens: 100, output_tokens: 1, correlation: undefined },
      slo: { ttft_p95: '10 s', tpot_p95: undefined },
    });

  test('short prompts on a fast GPU pass no faster than the one process that reads them', () => {
    const each = short('b200-sxm-180gb');
    const { perRequest, perPromptToken } = each.replica.frontEnd;
    const { saturation, target, points } = curve('short on b200', each);
    expect(saturation.limitedBy).toBe('front_end');
    expect(saturation.requestsPerSecond).toBeCloseTo(1 / (perRequest + 100 * perPromptToken), 9);
    expect(target.requestsPerSecond).toBeLessThanOrEqual(saturation.requestsPerSecond);
    expect(saturation.running).toBeGreaterThanOrEqual(points.at(-1)?.running ?? 0);
    // M/D/1 at nine tenths of what it passes: a mean wait of 0.9/(2·0.1) works, a median of 0.7 of that or so.
    const work = perRequest + 100 * perPromptToken;
    const idle = at(points[0]?.ttft, 0.5);
    const crowded = at(
      readLatency({ points, saturation } as Envelope, 0.9 * saturation.requestsPerSecond, 'ttft'),
      0.95,
    );
    expect(crowded - idle).toBeGreaterThan(5 * work);
    expect(crowded - idle).toBeLessThan(25 * work);
  });

  test('a target that no load breaks leaves a capacity at which latencies are known', () => {
    const { points, target, saturation } = curve('loose', shipped('chat-8b.yaml', { slo: { ttft_p95: '1000 s' } }));
    expect(target.requestsPerSecond).toBeLessThanOrEqual(points.at(-1)?.requestsPerSecond ?? 0);
    expect(target.requestsPerSecond).toBeGreaterThan(0.9 * saturation.requestsPerSecond);
  });

  test.each([0, 1])(
    'with requests in the background, seed %d: what is called borne is, over a run three times as long',
    (seed) => {
      const each = underPolicy('priorities');
      const { target } = curve('priorities', each, seed);
      const requests = 40_000;
      const rate = target.requestsPerSecond;
      const times: { arrival: number; seconds: number }[] = [];
      const ended = ({ arrival, finish }: EndedRequest) => times.push({ arrival, seconds: finish - arrival });
      runServed(each, { rate, requests, seed: 77 }, { ended });
      times.sort((a, b) => a.arrival - b.arrival);
      const mean = (from: number) =>
        times.slice(from, from + requests / 4).reduce((sum, { seconds }) => sum + seconds, 0) / (requests / 4);
      // Before, work that was sent back and done anew kept the replica overloaded: the last quarter took seven times as long.
      expect(mean((3 * requests) / 4)).toBeLessThan(2 * mean(0));
    },
  );
});
