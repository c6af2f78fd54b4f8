import { describe, expect, test } from 'vitest';
import { amount, lines, M70, MIX_A, metric, planOf, type Raw, run, runText, runWith, scenario } from './fixtures.ts';

/** One replica that makes 5,000 output tokens a second, as somebody measured it. */
const measured = (rate: number) => ({ measured: { output_tokens_per_second: rate } });
const loaded = (utilization: number | string) => ({ utilization });
const outputTokens = (perDay: number) => ({ tokens_per_day: perDay, count: 'output' });

describe('price of a token', () => {
  test.each([
    [5000, 0.14944, 18_000_000],
    [100, 7.472, 360_000],
  ])('R01 2.69 USD/h at %d tok/s: %d USD/M output', (rate, price, tokensPerHour) => {
    const result = runWith({ serving: measured(rate), traffic: loaded(1) });
    expect(metric(result, 'usd_per_mtok_output_only')).toBeCloseTo(price, rate === 5000 ? 5 : 3);
    expect(metric(result, 'output_tokens_per_month') / 730).toBeCloseTo(tokensPerHour, 3);
    expect(metric(result, 'replica_output_tok_per_s_max')).toBeCloseTo(rate, 6);
  });

  test('R01 the same, as a file', () => {
    const result = runText(`
      rackrate: 1
      name: A measured replica, never idle
      model: llama-3.1-8b
      serving: { gpu: h100-sxm5-80gb, replicas: 1, measured: { output_tokens_per_second: 5000 } }
      traffic: { utilization: 100 %, input_tokens: 1000, output_tokens: 300 }
      capacity: { rent: { price: 2.69 USD/h } }`);
    expect(metric(result, 'usd_per_mtok_output_only')).toBeCloseTo(0.14944, 5);
  });

  test('R01 a measured rate stands in for a model that does not fit, with a warning', () => {
    const result = runWith({ model: M70, serving: measured(5000), traffic: loaded(1) });
    expect(metric(result, 'usd_per_mtok_output_only')).toBeCloseTo(0.14944, 5);
    expect(result.warnings.join()).toMatch(/does not fit on 1 GPU.*the measured rate is used/);
    expect(result.metrics.kv_capacity_tokens_per_replica).toBeUndefined();
  });

  test('R01 the measured rate is the one inside the latency target, where there is one', () => {
    const slo = { tpot_p95: '15 ms' };
    const result = runWith({ serving: { ...measured(5000), engine: 'vllm' }, traffic: loaded(0.9), slo });
    expect(metric(result, 'replica_output_tok_per_s_max')).toBeCloseTo(5000, 3);
    expect(metric(result, 'tpot_p95_s')).toBeLessThanOrEqual(0.015);
  });
});

describe('a rental bills all hours', () => {
  const instance = { rent: { price: '6.155 USD/h', gpus_per_instance: 8 } };

  test.each([0, '2 %', '35 %', '100 %'])('R02 an instance of eight at utilisation %s costs 35,945.20 USD', (share) => {
    const result = runWith({ serving: measured(5000), traffic: loaded(share), capacity: instance });
    expect(metric(result, 'cost_usd_per_month')).toBeCloseTo(35_945.2, 6);
    expect(metric(result, 'gpus')).toBe(8);
  });

  test('R02 nine replicas need two instances; without an instance size nine GPUs are billed', () => {
    const nine = (capacity: object) => metric(runWith({ serving: { replicas: 9 }, capacity }), 'gpus');
    expect(nine(instance)).toBe(16);
    expect(nine({ rent: { price: '6.155 USD/h', billing_unit: '8 GPUs' } })).toBe(16);
    expect(nine({})).toBe(9);
  });

  test('R02 100M output tokens a day on 8 x 5,000 tok/s is 2.89 % of them', () => {
    const result = runWith({ serving: { ...measured(5000), replicas: 8 }, traffic: outputTokens(100e6) });
    expect(metric(result, 'utilization_mean')).toBeCloseTo(0.0289, 4);
    expect(metric(result, 'output_tokens_per_month')).toBeCloseTo((100e6 * 730) / 24, 0);
  });

  test.each([1, 'auto'])('R03 no traffic on %s replicas costs money and no token has a price', (replicas) => {
    const result = runWith({ serving: { replicas }, traffic: { requests_per_day: 0 } });
    expect(metric(result, 'cost_usd_per_month')).toBeCloseTo(2.69 * 730, 9);
    expect(amount(lines(result, 1)) / 730).toBeGreaterThan(0);
    for (const id of [
      'usd_per_mtok_total',
      'usd_per_mtok_input',
      'usd_per_mtok_output',
      'usd_per_mtok_output_only',
    ] as const) {
      expect(result.metrics).not.toHaveProperty(id);
    }
    expect(result.unbounded).toContain('usd_per_mtok_total');
    expect(result.warnings.join()).toMatch(/no traffic/);
    expect(result.waterfall).toEqual([]);
  });
});

describe('redundancy', () => {
  /** A load that takes just under `needed` replicas. */
  function fleet(needed: number, reliability: Raw) {
    return runWith({
      serving: { ...measured(1000), replicas: 'auto' },
      traffic: outputTokens(needed * 1000 * 86_400 * 0.999),
      reliability,
    });
  }

  test.each([
    [0.995, 1, 2],
    [0.99, 8, 10],
    [0.99, 32, 35],
  ])('R04 replicas up %d of the time, %d needed for 99.9 %%: %d', (up, needed, replicas) => {
    const result = fleet(needed, { availability: '99.9 %', replica_availability: up });
    expect(result.subject.needed_replicas).toBe(needed);
    expect(metric(result, 'replicas')).toBe(replicas);
    expect(metric(result, 'gpus')).toBe(replicas);
    expect(metric(result, 'availability')).toBeGreaterThanOrEqual(0.999);
  });

  test.each([
    [0.995, 1, 2],
    [0.99, 8, 10],
    [0.99, 32, 35],
  ])('R04 one fewer than for %d, %d falls short, and a given number is never raised', (up, needed, replicas) => {
    const raw = scenario({
      serving: { ...measured(1000), replicas: replicas - 1 },
      traffic: outputTokens(needed * 1000 * 86_400 * 0.999),
      reliability: { availability: '99.9 %', replica_availability: up },
    });
    expect(planOf(raw).serving.replicas).toBe(replicas - 1);
    const result = run(raw);
    expect(metric(result, 'replicas')).toBe(replicas - 1);
    expect(metric(result, 'availability')).toBeLessThan(0.999);
    expect(result.warnings.join()).toMatch(/below the target/);
  });

  test.each([2, 4, 10])('R04 three zones that outlive one need 1.5 x %d', (needed) => {
    expect(metric(fleet(needed, { zones: 3, replica_availability: 1 }), 'replicas')).toBe(1.5 * needed);
  });

  test('R04 zones round up to equal parts: 5 needed over 3 zones are 3 each', () => {
    expect(metric(fleet(5, { zones: 3, replica_availability: 1 }), 'replicas')).toBe(9);
  });

  test('R04 without reliability nothing is spare', () => {
    const auto = { serving: { ...measured(1000), replicas: 'auto' }, traffic: outputTokens(7 * 1000 * 86_400) };
    const result = runWith(auto);
    expect(metric(result, 'replicas')).toBe(7);
    expect(result.defaults_used.map((entry) => entry.path)).toContain('reliability');
  });

  test('R04 one spare replica loses what comes while both are down', () => {
    const result = runWith({
      serving: { ...measured(1000), replicas: 2 },
      traffic: { ...MIX_A, ...outputTokens(1000 * 86_400) },
      reliability: { replica_availability: 0.9 },
    });
    // Both down: all refused. One up: it carries the load, being just full.
    expect(metric(result, 'overflow_token_share')).toBeCloseTo(0.1 ** 2, 9);
  });
});
