import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { replay } from '../../src/result/replay.ts';
import { simulate } from '../../src/result/simulate.ts';
import { replicaOf } from '../../src/serving/service-curve.ts';
import { trafficSource } from '../../src/serving/traffic-source.ts';
import { merge, planOf, type Raw } from '../acceptance/fixtures.ts';

const HOUR = 3600;
const WEEK = 168 * HOUR;

/**
 * The two clocks of the simulation: a whole week of one replica request by request, night and weekend included, against
 * the fleet's five-minute steps, which read the replica's service curve. The load goes up to 85 % of saturation.
 */
describe('a week request by request against the fleet in steps', { timeout: 60_000 }, () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'scenarios', 'chat-8b.yaml'), 'utf8');
  const change = { serving: { replicas: 1 }, traffic: { requests_per_day: 470_000 }, reliability: undefined };
  const plan = planOf(merge(parse(text) as Raw, change));
  const run = simulate(plan);
  const replica = replicaOf(plan);
  const source = trafficSource(plan.traffic, 470_000 / 86_400, 7, {
    limit: 1e9,
    keepsPrefixes: false,
    longest: replica.engine.maxContext,
    rateShape: { step: HOUR, multipliers: plan.traffic.shape },
  });
  const week = replay(replica, source, plan.slo, { until: WEEK });
  const near = (a: number | undefined, b: number | undefined) => Math.abs(Number(a) / Number(b) - 1);

  test('the same tokens are served', () => {
    const months = run.subject.hours_per_month / 168;
    expect(near(week.output_tok_per_s * WEEK * months, run.metrics.output_tokens_per_month)).toBeLessThan(0.01);
    expect(week.requests.unfinished).toBeLessThan(200);
    expect(run.metrics.overflow_token_share).toBe(0);
  });

  test('the same latencies are seen', () => {
    expect(near(run.metrics.ttft_p50_s, week.ttft_s?.p50)).toBeLessThan(0.05);
    expect(near(run.metrics.ttft_p95_s, week.ttft_s?.p95)).toBeLessThan(0.1);
    expect(near(run.metrics.tpot_p50_s, week.tpot_s?.p50)).toBeLessThan(0.05);
    expect(near(run.metrics.tpot_p95_s, week.tpot_s?.p95)).toBeLessThan(0.05);
  });

  test('prompts take the same share of the time, and the GPU is as busy', () => {
    const {
      usd_per_mtok_input: input = 0,
      usd_per_mtok_total: total = 0,
      input_tokens_per_month: inputs = 0,
    } = run.metrics;
    const { output_tokens_per_month: outputs = 0 } = run.metrics;
    const promptShare = (input * inputs) / (total * (inputs + outputs));
    expect(near(promptShare, week.prompt_share)).toBeLessThan(0.05);
    expect(week.busy_share).toBeGreaterThan(0.9);
  });
});
