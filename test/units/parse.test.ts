import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/units/parse.ts';

function value(text: string, target: string): number {
  const parsed = parseQuantity(text, target, 'x');
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

describe('quantities', () => {
  test.each<[text: string, target: string, value: number]>([
    ['80 GB', 'B', 80e9],
    ['80 GiB', 'B', 80 * 2 ** 30],
    ['1 TiB', 'B', 2 ** 40],
    ['400 Gb/s', 'B/s', 50e9],
    ['3.35 TB/s', 'B/s', 3.35e12],
    ['989.4 TFLOP/s', 'FLOP/s', 989.4e12],
    ['1.9789 PFLOP/s', 'FLOP/s', 1.9789e15],
    ['1 PFLOPs/s', 'FLOP/s', 1e15],
    ['3 USD/Mtok', 'USD/Mtok', 3],
    ['0.000003 USD/token', 'USD/Mtok', 3],
    ['0.11 USD/kWh', 'USD/kWh', 0.11],
    ['2.5 kUSD', 'USD', 2500],
    ['2.69 USD/h', 'USD/h', 2.69],
    ['2.69 USD/hour', 'USD/h', 2.69],
    ['700 W', 'W', 700],
    ['132 kW', 'W', 132_000],
    ['60 ms', 's', 0.06],
    ['1s', 's', 1],
    ['2 days', 'h', 48],
    ['10 req/s', 'req/s', 10],
    ['-5 USD', 'USD', -5],
    ['1e3 W', 'W', 1000],
    ['.5 h', 'h', 0.5],
    [' 7  W ', 'W', 7],
  ])('%s in %s is %d', (text, target, expected) =>
    expect(value(text, target)).toBeCloseTo(expected, 9 - Math.ceil(Math.log10(Math.abs(expected) + 1))),
  );

  test('GB and GiB are different words', () => {
    expect(value('1 GiB', 'B') / value('1 GB', 'B')).toBeCloseTo(1.073741824, 12);
  });
});

describe('what is refused, and why', () => {
  test.each<[text: string, target: string, why: string]>([
    ['80', 'B', 'has no unit'],
    ['1e9', 'B', 'has no unit'],
    ['16 GT/s', 'B/s', 'another kind of quantity'],
    ['700 W', 'B', 'another kind of quantity'],
    ['3 USD', 'USD/h', 'another kind of quantity'],
    ['3 USD/month', 'USD/h', 'no fixed length'],
    ['2 years', 'h', 'no fixed length'],
    ['3 USD + 4 kWh', 'USD', 'cannot read'],
    ['3 USD + 4 USD', 'USD', 'cannot read'],
    ['2 * 3 USD', 'USD', 'cannot read'],
    ['sqrt(4) USD', 'USD', 'cannot read'],
    ['(3) USD', 'USD', 'cannot read'],
    ['1,000 W', 'W', 'cannot read'],
    ['1_000 W', 'W', 'cannot read'],
    ['import("x")', 'W', 'cannot read'],
    ['$3', 'USD', 'cannot read'],
    ['3 EUR', 'USD', 'no unit "EUR"'],
    ['80 gib', 'B', 'no unit "gib"'],
    ['400 Gbps', 'B/s', 'no unit "Gbps"'],
    ['NaN W', 'W', 'cannot read'],
    ['1e999 W', 'W', 'out of range'],
    ['', 'W', 'cannot read'],
    [`${'1'.repeat(99)} W`, 'W', 'too long'],
  ])('"%s" as %s: %s', (text, target, why) => {
    const parsed = parseQuantity(text, target, 'the example');
    expect(parsed).toEqual({ ok: false, problem: expect.stringContaining(why) });
    expect(parsed).toHaveProperty('problem', expect.stringContaining(`in ${target}, such as "the example"`));
  });
  test('any text at all gives an answer and never an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseQuantity(text, 'W', 'x')).toHaveProperty('ok');
      }),
    );
  });
});

test('what is written with a prefix is read back as the same number', () => {
  const prefixes = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
  const units = ['B', 'B/s', 'FLOP/s', 'W', 'USD'];
  const prefix = fc.constantFrom(...(Object.keys(prefixes) as (keyof typeof prefixes)[]));
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
      prefix,
      fc.constantFrom(...units),
      (number, sign, unit) => {
        const read = value(`${number} ${sign}${unit}`, unit);
        expect(Math.abs(read / (number * prefixes[sign]) - 1)).toBeLessThan(1e-12);
      },
    ),
  );
});
