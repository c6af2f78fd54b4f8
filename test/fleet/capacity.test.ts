import { describe, expect, test } from 'vitest';
import { comparison, metric, runWith } from '../acceptance/fixtures.ts';

const thousand = { measured: { output_tokens_per_second: 1000 } };
const output = (perSecond: number) => ({ tokens_per_day: perSecond * 86_400, count: 'output' });

describe('fleet size', () => {
  test('follows the busiest hour, not the mean', () => {
    // A day whose busiest hour is 24/8 = 3 times its mean.
    const shape = Array.from({ length: 24 }, (_, hour) => (hour < 8 ? 3 : 1e-9));
    const result = runWith({ serving: { ...thousand, replicas: 'auto' }, traffic: { ...output(990), shape } });
    expect(result.subject.peak_over_mean).toBeCloseTo(3, 6);
    expect(metric(result, 'replicas')).toBe(3);
    expect(metric(result, 'utilization_mean')).toBeCloseTo(0.33, 6);
    expect(metric(result, 'utilization_peak')).toBeCloseTo(0.99, 6);
  });

  test('grows with the load by month: 1.1^(m - 1) of 1,000 tok/s', () => {
    const result = runWith({
      serving: { ...thousand, replicas: 'auto' },
      traffic: { ...output(999), growth: '10 %/month' },
    });
    for (const { month, replicas } of result.months)
      expect(replicas).toBe(Math.ceil((999 * 1.1 ** (month - 1)) / 1000));
  });

  test('says so where the load takes an absurd number, or no number meets the target', () => {
    const growing = { requests_per_day: 1e9, growth: '50 %/month' };
    expect(() => runWith({ serving: { replicas: 'auto' }, traffic: growing })).toThrow(/more than 1,000,000 replicas/);
    const impatient = { serving: { replicas: 'auto' }, slo: { ttft_p95: '1 ms' } };
    expect(() => runWith(impatient)).toThrow(expect.objectContaining({ status: 'slo_missed' }));
    const fixed = runWith({ ...impatient, serving: { replicas: 1 } });
    expect([fixed.status, fixed.slo_met]).toEqual(['slo_missed', false]);
  });
});

describe('what a full fleet does with the rest', () => {
  const over = (overflow: string, more: object = {}) =>
    runWith({
      serving: { ...thousand, replicas: 1 },
      traffic: { ...output(1500), overflow },
      compare: [{ name: 'API', input: '1 USD/Mtok', output: '1 USD/Mtok' }],
      ...more,
    });

  test('refuses, sends away or queues a third, and never prints a latency for a backlog that grows', () => {
    for (const overflow of ['refuse', 'api', 'queue']) {
      const result = over(overflow);
      const first = result.months[0];
      const third = (first?.offered_tokens ?? 0) / 3;
      const kept = { refuse: first?.refused_tokens, api: first?.overflow_tokens, queue: first?.queued_tokens }[
        overflow
      ];
      expect(kept).toBeCloseTo(third, -3);
      expect(metric(result, 'overflow_token_share')).toBeCloseTo(1 / 3, 9);
      // What is sent to an API is served there: the own fleet is full, not failing.
      expect(result.status).toBe(overflow === 'api' ? 'ok' : 'saturated');
      const latencies = Object.keys(result.metrics).filter((id) => id.startsWith('ttft') || id.startsWith('tpot'));
      if (overflow !== 'api') expect(latencies).toEqual([]);
    }
    const slo = { ttft_p95: '20 s' };
    expect(over('queue', { slo }).metrics).not.toHaveProperty('ttft_p95_s');
  });

  test('pays the API for what it sends there, on a line of its own', () => {
    const result = over('api');
    const sent = result.ledger.filter((entry) => entry.month === 1 && entry.group === 'overflow');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.amount).toBeCloseTo(comparison(result).usd_per_month / 3, 6);
    expect(metric(result, 'cost_usd_per_month')).toBeCloseTo(2.69 * 730 + (sent[0]?.amount ?? 0), 6);
    expect(metric(result, 'usd_per_mtok_output_only')).toBeCloseTo((2.69 / 3.6e6) * 1e6, 9);
  });

  test('a queue that drains by night serves all, late', () => {
    const shape = Array.from({ length: 24 }, (_, hour) => (hour < 12 ? 1.5 : 0.5));
    const queued = runWith({
      serving: { ...thousand, replicas: 1 },
      traffic: { ...output(900), shape, overflow: 'queue' },
    });
    expect(metric(queued, 'overflow_token_share')).toBeCloseTo(0, 9);
    expect(metric(queued, 'utilization_peak')).toBeCloseTo(1, 9);
  });
});

test('a request of one token has no time per output token', () => {
  const { metrics } = runWith({ traffic: { output_tokens: 1 } });
  expect(metrics).toHaveProperty('ttft_p95_s');
  expect(metrics).not.toHaveProperty('tpot_p95_s');
});
