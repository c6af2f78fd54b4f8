import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { expectedErrors } from '../../src/result/expected-error.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';

const catalog = openCatalog();
const GPU = {
  dense_flops: { bf16: '900 TFLOP/s' },
  memory: { marketed: '96 GB' },
  memory_bandwidth: '4 TB/s',
  tdp: '500 W',
};

function errorsOf(serving: object, model: unknown = 'llama-3.3-70b') {
  const raw = {
    rackrate: 1,
    name: 'x',
    model,
    serving: { gpu: 'h200-sxm-141gb', tensor_parallel: 2, weights: 'fp8', ...serving },
    traffic: { requests_per_day: 1000, input_tokens: 100, output_tokens: 100 },
    capacity: { rent: { price: '2 USD/h' } },
  };
  const prices = () => ({ found: false as const, problem: 'none' });
  return expectedErrors(resolveScenario(validateScenario(raw), raw, { catalog, prices }));
}

describe('what a result says of its own error', () => {
  const measured = errorsOf({});

  test('on what was measured: which rows, and how many', () => {
    expect(measured.basis).toMatch(/^NVIDIA H200.*, dense, vLLM.*, from \d+ measured rows left out of the fit$/);
    expect(measured.price).toBeGreaterThanOrEqual(0.07);
    expect(measured.price).toBeLessThan(0.3);
    expect(measured.ttft).toBeGreaterThanOrEqual(0.07);
  });

  test('wider where nothing was measured, and it says of what', () => {
    const inline = errorsOf({ gpu: GPU });
    expect(inline.price).toBeGreaterThan(measured.price);
    expect(inline.basis).toMatch(/^none of the fitted rows is on this GPU; .* to leave a GPU out of the fit$/);
    expect(errorsOf({ engine: 'tgi' }).price).toBeGreaterThan(inline.price);
    const model = errorsOf({}, 'mistral-small-24b');
    expect(model.price).toBeGreaterThan(measured.price);
    expect(model.basis).toMatch(/of this model/);
  });

  test('a release of the same shape is the same model', () => {
    expect(errorsOf({}, 'llama-3.1-70b').price).toBe(measured.price);
  });

  test('the band of own measurements goes before all others', () => {
    const calibrated = { measurements: 12, error: '9 %', source: 'bench.json' };
    expect(errorsOf({ calibrated })).toEqual({
      price: 0.09,
      basis: 'calibrated on 12 own measurements (bench.json)',
    });
    expect(errorsOf({ measured: { output_tokens_per_second: 900 } }).price).toBe(0.07);
  });

  test('an upper bound has no error of its own', () => {
    expect(errorsOf({ engine: 'ideal' }).price).toBe(0);
  });
});
