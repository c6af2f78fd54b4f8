import { describe, expect, test } from 'vitest';
import { H100, M8, M70, metric, type Raw, runWith } from './fixtures.ts';

const HOURS = 730;

/** A replica of vLLM that is kept full by so many sequences, as ML.ENERGY measured it; 128 prompt tokens are assumed. */
function full(model: Raw, tensor_parallel: number, max_batch: number, output_tokens: number, more: Raw = {}) {
  return runWith({
    model,
    serving: { gpu: H100, engine: 'vllm', tensor_parallel, weights: 'bf16', max_batch, replicas: 1 },
    traffic: { utilization: 1, input_tokens: 128, output_tokens },
    ...more,
  });
}

/** kWh that the boards alone take for a million output tokens: of the meter's, without host (0.39 of 700 W) and PUE. */
function boardKwhPerMtok(result: ReturnType<typeof full>): number {
  const kwh = metric(result, 'energy_kwh_per_month') / 1.3 - 0.39 * 0.7 * HOURS * metric(result, 'gpus');
  return kwh / ((metric(result, 'replica_output_tok_per_s_max') * 3600 * HOURS) / 1e6);
}

describe('energy', () => {
  // The row's 1.73 kW all-in are given, not derived, so a scenario could only restate their product with 0.09 USD/kWh.
  test('R13 a busy H100 at 0.09 USD/kWh: 3 to 6 % of a rent of 2.85 to 3.50 USD/h, and no less than at rest', () => {
    const perHour = (result: ReturnType<typeof full>) => (metric(result, 'energy_kwh_per_month') / HOURS) * 0.09;
    const busy = perHour(full(M8, 1, 256, 400));
    for (const rent of [2.85, 3.5]) {
      expect(busy / rent).toBeGreaterThan(0.03);
      expect(busy / rent).toBeLessThan(0.06);
    }
    const idle = perHour(
      full(M8, 1, 256, 400, { traffic: { requests_per_day: 0, input_tokens: 128, output_tokens: 400 } }),
    );
    expect(idle).toBeLessThan(busy / 2);
  });

  test('R13 0.373 J a token are 0.1036 kWh a million: M70 on 4 H100 with 1,024 sequences, within 20 %', () => {
    expect(Math.abs(boardKwhPerMtok(full(M70, 4, 1024, 355)) / 0.1036 - 1)).toBeLessThan(0.2);
  });
});

describe('energy floor', () => {
  const forecast = (usdPerMtok: number, more: Raw = {}) => {
    const price = `${usdPerMtok} USD/Mtok`;
    const compare = [{ name: 'A forecast', input: price, output: price, same_model: true, ...more }];
    return full(M8, 1, 512, 400, { compare }).warnings.filter((warning) => warning.includes('electricity'));
  };

  test('R14 a forecast of 0.001 USD/Mtok for an 8B on H100 is flagged, at PUE 1.3 and 0.08 USD/kWh', () => {
    const [warning = ''] = forecast(0.001);
    expect(warning).toContain('A forecast comes to 0.001 USD/Mtok');
    expect(warning).toContain('PUE 1.3, 0.08 USD/kWh');
    // 0.070 J / 3.6 x 1.3 x 0.08 = 0.0020 USD a million output tokens: ours is made of the boards of a full replica.
    const floor = Number(/\(([\d.]+) an output token/.exec(warning)?.[1]);
    expect(floor).toBeGreaterThan(0.001);
    expect(floor).toBeLessThan(0.003);
  });

  test('R14 a price above the floor is not, nor one of another model', () => {
    expect(forecast(0.01)).toEqual([]);
    expect(forecast(0.001, { same_model: false })).toEqual([]);
  });

  test('R14 a measured rate at which the rent would not pay for the electricity is flagged', () => {
    const at = (output_tokens_per_second: number) =>
      full(M8, 1, 512, 400, {
        serving: { gpu: H100, engine: 'vllm', weights: 'bf16', replicas: 1, measured: { output_tokens_per_second } },
      }).warnings.filter((warning) => warning.includes('electricity'));
    expect(at(1e6)).toEqual([expect.stringContaining('the rent at the measured rate')]);
    expect(at(9806)).toEqual([]);
  });
});
