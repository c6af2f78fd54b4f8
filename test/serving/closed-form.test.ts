import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildEnvelope, QUANTILES } from '../../src/serving/envelope.ts';
import { readEnvelope, readLatency } from '../../src/serving/read-envelope.ts';
import { buildReplica } from '../../src/serving/replica.ts';
import { NO_FRONT_END } from '../../src/traffic/front-end.ts';
import { M8, planOf, type Raw, runWith } from '../acceptance/fixtures.ts';
import { runPlainReplica } from '../oracles/plain-replica.ts';

/** The first tenth of a run starts from an empty replica and is left out. */
const WARM_UP = 0.1;

const quantile = (values: number[], q: number) => values.sort((a, b) => a - b)[Math.floor(q * values.length)] as number;

function compare(file: string, share: number, requests: number) {
  const raw = parse(readFileSync(join(import.meta.dirname, '..', '..', 'scenarios', file), 'utf8')) as Raw;
  const plan = planOf(raw);
  // The stepped replica begins at the engine.
  const replica = { ...buildReplica(plan), frontEnd: NO_FRONT_END };
  const envelope = buildEnvelope(replica, []);
  const rate = share * envelope.saturation.requestsPerSecond;
  const all = runPlainReplica(replica, plan.traffic.mix, rate, requests, 7);
  const steady = all.filter((request) => request.arrival > WARM_UP * (all.at(-1)?.arrival ?? 0));
  const ttft = steady.map((request) => request.firstToken - request.arrival);
  const long = steady.filter((request) => request.outputTokens > 20);
  const tpot = long.map((request) => (request.finish - request.firstToken) / (request.outputTokens - 1));
  const span =
    Math.max(...steady.map((request) => request.finish)) - Math.min(...steady.map((request) => request.arrival));
  const inFlight = steady.reduce((sum, request) => sum + request.finish - request.arrival, 0) / span;
  const predicted = (metric: 'ttft' | 'tpot', q: number) =>
    (readLatency(envelope, rate, metric) as number[])[QUANTILES.indexOf(q as (typeof QUANTILES)[number])] as number;
  return {
    tpot50: predicted('tpot', 0.5) / quantile(tpot, 0.5),
    tpot95: predicted('tpot', 0.95) / quantile(tpot, 0.95),
    ttft50: predicted('ttft', 0.5) / quantile(ttft, 0.5),
    ttft95: predicted('ttft', 0.95) / quantile(ttft, 0.95),
    running: readEnvelope(envelope, rate).running / inFlight,
  };
}

/**
 * How far the closed form may be off: a few per cent on what runs, and on tails what its independence of waits costs.
 * It errs low there, the more so towards saturation.
 */
describe('the closed form against a replica stepped iteration by iteration', { timeout: 60_000 }, () => {
  test.each([
    ['chat-8b.yaml', 0.2],
    ['chat-8b.yaml', 0.5],
    ['chat-8b.yaml', 0.8],
    ['support-chat-70b.yaml', 0.2],
    ['support-chat-70b.yaml', 0.5],
    ['support-chat-70b.yaml', 0.8],
  ])('%s at %d of saturation', (file, share) => {
    const ratio = compare(file, share, 4000);
    const off = (key: keyof typeof ratio) => Math.abs(ratio[key] - 1);
    expect(off('running')).toBeLessThan(0.05);
    expect(off('tpot50')).toBeLessThan(0.06);
    expect(off('tpot95')).toBeLessThan(share < 0.6 ? 0.12 : 0.2);
    expect(off('ttft50')).toBeLessThan(0.15);
    expect(off('ttft95')).toBeLessThan(share < 0.6 ? 0.12 : 0.25);
  });
});

test('a replica that is late under any load at all is of no use at any number, and says so', () => {
  const { parameters: _, ...shape } = M8;
  const result = runWith({
    model: shape,
    serving: {
      gpu: 'a10',
      weights: 'bf16',
      engine: 'vllm',
      engine_efficiency: 0.05,
      speculation: { acceptance: 0, depth: 1, draft_cost: 0 },
    },
    traffic: { tokens_per_day: 1, input_tokens: { low: 2, high: 100 }, output_tokens: { p50: 2, p95: 1598 } },
    slo: { ttft_p95: '1 s' },
  });
  expect(result.slo_met).toBe(false);
  expect(Number.isFinite(result.subject.needed_replicas)).toBe(true);
  expect(result.waterfall.every(({ usd_per_mtok }) => Number.isFinite(usd_per_mtok))).toBe(true);
});
