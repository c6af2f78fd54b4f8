import { describe, expect, test } from 'vitest';
import { buildEnvelope } from '../../src/serving/envelope.ts';
import { erlangC, ttftQuantile } from '../../src/serving/latency.ts';
import { buildReplica } from '../../src/serving/replica.ts';
import { mixMeans } from '../../src/serving/request-mix.ts';
import { steadyState } from '../../src/serving/steady-state.ts';
import { H100_160, M70, planOf, scenario } from '../acceptance/fixtures.ts';

describe("Erlang's wait", () => {
  // M/M/1 waits with probability rho; M/M/2 at one Erlang with 1/3; published table: 10 servers, 8 Erlang, 0.409.
  test.each([
    [1, 0.3, 0.3],
    [2, 1, 1 / 3],
    [10, 8, 0.4092],
    [5, 5, 1],
  ])('%d servers at %d Erlang: %d', (servers, offered, chance) => {
    expect(erlangC(servers, offered)).toBeCloseTo(chance, 4);
  });
});

describe('a mix', () => {
  test('of 1,000 + 300 runs 299 passes at a mean context of 1,150', () => {
    const means = mixMeans({ input: { mean: 1000, cv: 0 }, output: { mean: 300, cv: 0 }, cachedInput: 0.4 });
    expect(means).toMatchObject({ newPrompt: 600, past: 400, decodePasses: 299, context: 1150, longest: 1300 });
  });

  test('of outputs that vary spends longer on the long ones', () => {
    const means = mixMeans({ input: { mean: 1000, cv: 0 }, output: { mean: 300, cv: 1 }, cachedInput: 1 });
    // 1000 + E[o^2]/(2 E[o]) = 1000 + 2 x 90,000/600.
    expect(means).toMatchObject({ context: 1300, newPrompt: 1, past: 999 });
  });
});

describe('the ideal engine, by hand', () => {
  const traffic = { requests_per_day: 1, input_tokens: 1000, output_tokens: 300 };
  const plan = planOf(scenario({ model: M70, serving: { gpu: H100_160, weights: 'bf16' }, traffic }));
  const replica = buildReplica(plan);

  test('a step of n sequences is (140 GB + n x 1,150 tokens of cache) / 3.35 TB/s', () => {
    for (const sequences of [1, 16, 64]) {
      const bytes = 140e9 + sequences * 1150 * 327_680;
      expect(steadyState(replica, sequences).plainStep).toBeCloseTo(bytes / 3.35e12, 9);
    }
  });

  test('an idle replica answers after the prompt alone: 1.4e14 FLOP and its attention', () => {
    // Linear layers 0.14150 s; attention 4 x 64 x 128 x 80 FLOP for each of 1,000^2/2 positions, 0.00132 s.
    const seconds = 1.4e14 / 989.4e12 + (4 * 64 * 128 * 80 * 500_000) / 989.4e12;
    expect(ttftQuantile(replica, steadyState(replica, 0), 0.95)).toBeCloseTo(seconds, 9);
    expect(buildEnvelope(replica, []).points[0]?.ttft[6]).toBeCloseTo(seconds, 9);
  });

  test('no finite wait at saturation', () => {
    const one = buildReplica(planOf(scenario({ serving: { max_batch: 1 } })));
    expect(ttftQuantile(one, steadyState(one, 1), 0.5)).toBe(Number.POSITIVE_INFINITY);
  });
});
