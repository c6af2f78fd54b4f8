import { describe, expect, test } from 'vitest';
import { applyOverride } from '../../src/scenario/overrides.ts';
import { validateCard, validateScenario } from '../../src/scenario/validate.ts';
import { InputError } from '../../src/schema/problem.ts';

const SMALLEST = {
  rackrate: 1,
  name: 'Smallest',
  model: 'm',
  serving: { gpu: 'g' },
  traffic: { requests_per_day: 1000, input_tokens: 100, output_tokens: 10 },
  capacity: { rent: { price: '2 USD/h' } },
};

function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError)
      return error.problems.map(({ path, message }) => [path.join('.'), message].join(' | '));
    throw error;
  }
  return [];
}

const withValue = (path: string, value: unknown) =>
  problemsOf(() => validateScenario(applyOverride(SMALLEST, path, value)));

test('the smallest scenario is valid, in base units, with its defaults', () => {
  expect(validateScenario(SMALLEST)).toMatchObject({ hours_per_month: 730, capacity: { rent: { price: 2 } } });
});

describe('one fault, one sentence, at its place', () => {
  test.each<[what: string, path: string, value: unknown, said: string]>([
    ['unknown key', 'serving.max_bacth', 8, 'serving.max_bacth | unknown key "max_bacth"; did you mean "max_batch"?'],
    ['key of another block', 'price', 8, 'price | unknown key "price"; it belongs under capacity.rent'],
    ['top-level key in a block', 'serving.slo', {}, 'serving.slo | unknown key "slo"; it belongs at the top level'],
    ['missing key', 'serving.gpu', null, 'serving | missing gpu'],
    ['no value', 'name', '', 'name | expected a text, got ""'],
    [
      'wrong choice',
      'serving.weights',
      'fp88',
      'serving.weights | expected one of fp32, bf16, fp16, fp8, int8, int4, nvfp4, mxfp4 or a list of layers and formats, got "fp88"; did you mean "fp8"?',
    ],
    [
      'choice or number',
      'serving.replicas',
      'autp',
      'serving.replicas | expected auto or a number, got "autp"; did you mean "auto"?',
    ],
    [
      'choice or block',
      'traffic.arrivals',
      'posson',
      'traffic.arrivals | expected one of poisson, deterministic or a block of keys, got "posson"; did you mean "poisson"?',
    ],
    [
      'id or block',
      'model',
      70,
      'model | expected the name of a catalog card or of a config.json or a block of keys, got 70',
    ],
    [
      'text for a number',
      'traffic.requests_per_day',
      'many',
      'traffic.requests_per_day | expected a number, got "many"',
    ],
    [
      'digits in groups',
      'traffic.requests_per_day',
      '1_000',
      'traffic.requests_per_day | expected a number, got "1_000"; 1_000 is text in YAML 1.2, write 1000',
    ],
    [
      'a suffix',
      'traffic.input_tokens',
      '2k',
      'traffic.input_tokens | expected a number or a block of keys, got "2k"; write 2000',
    ],
    [
      'a number in quotes',
      'serving.max_batch',
      '12',
      'serving.max_batch | expected a number, got "12"; remove the quotes',
    ],
    ['not a whole number', 'serving.max_batch', 1.5, 'serving.max_batch | expected a whole number, got 1.5'],
    ['not finite', 'traffic.requests_per_day', Number.NaN, 'traffic.requests_per_day | expected a number, got NaN'],
    [
      'no unit',
      'capacity.rent.price',
      2,
      'capacity.rent.price | expected a quantity with its unit, such as "2.69 USD/h"; 2 has none',
    ],
    [
      'another unit',
      'capacity.rent.price',
      '2 USD',
      'capacity.rent.price | expected a quantity in USD/h, such as "2.69 USD/h"; "USD" is another kind of quantity',
    ],
    [
      'percent as number',
      'traffic.cached_input',
      40,
      'traffic.cached_input | a share must lie between 0 and 1; did you mean "40 %"?',
    ],
    [
      'two loads',
      'traffic',
      { ...SMALLEST.traffic, utilization: 0.5 },
      'traffic.utilization | has 2 loads (requests_per_day, utilization); keep one',
    ],
    [
      'control characters',
      'serving.weights',
      'fp\u001b[2J',
      'serving.weights | expected one of fp32, bf16, fp16, fp8, int8, int4, nvfp4, mxfp4 or a list of layers and formats, got "fp\\u{1b}[2J"',
    ],
    [
      'a long value',
      'serving.weights',
      'x'.repeat(99),
      `serving.weights | expected one of fp32, bf16, fp16, fp8, int8, int4, nvfp4, mxfp4 or a list of layers and formats, got "${'x'.repeat(59)}…"`,
    ],
  ])('%s', (_, path, value, said) => expect(withValue(path, value)).toEqual([said]));

  test('yes is no truth value', () => {
    expect(withValue('compare', [{ name: 'a', input: '1 USD/Mtok', output: '2 USD/Mtok', same_model: 'yes' }])).toEqual(
      ['compare.0.same_model | expected true or false, got "yes"; YAML 1.2 reads yes as text, write true'],
    );
  });
  test('a faulty field of an inline card, at its own path', () => {
    const gpu = { dense_flops: { bf61: '1 PFLOP/s' }, memory: { marketed: '80 GB' }, memory_bandwidth: 3 };
    expect(withValue('serving.gpu', gpu).toSorted()).toEqual([
      'serving.gpu.dense_flops.bf61 | unknown key "bf61"; did you mean "bf16"?',
      'serving.gpu.memory_bandwidth | expected a quantity with its unit, such as "3.35 TB/s"; 3 has none',
    ]);
  });
  test('the form of a length that was meant', () => {
    expect(withValue('traffic.input_tokens', { mean: 5 })).toEqual(['traffic.input_tokens | missing cv']);
    expect(withValue('traffic.input_tokens', { p50: 5, p59: 6 })).toEqual([
      'traffic.input_tokens.p59 | unknown key "p59"; did you mean "p95"?',
    ]);
  });
});

test('all faults at once, and a misspelt key is one of them, not two', () => {
  const raw = {
    rackrate: 1,
    nmae: 'x',
    model: 'm',
    serving: { gpu: 5 },
    traffic: { requets_per_day: 1, input_tokens: 1, output_tokens: 'x' },
  };
  expect(
    problemsOf(() => validateScenario(raw))
      .map((line) => line.split(' | ')[0])
      .toSorted(),
  ).toEqual(['', 'nmae', 'serving.gpu', 'traffic.output_tokens', 'traffic.requets_per_day']);
});

test.each([null, 5, 'text', []])('%j is no scenario', (raw) => {
  expect(problemsOf(() => validateScenario(raw))).toHaveLength(1);
});

test('cards are read the same way', () => {
  expect(problemsOf(() => validateCard('traffic', { id: 'A', name: 'a', hour: [1], sources: {} }))).toEqual([
    'id | an id has lower-case letters, digits, dots and dashes; got "A"',
    'hour | unknown key "hour"; did you mean "hours"?',
  ]);
});
