import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyNamedOverride,
  applyOverride,
  mergeScenario,
  parseSetting,
  parseSettingValue,
  scenarioBody,
} from '../../src/scenario/overrides.ts';
import { InputError } from '../../src/schema/problem.ts';

const base = {
  name: 'a',
  serving: { gpu: 'g', max_batch: 8 },
  traffic: { requests_per_day: 5 },
  compare: [{ name: 'x' }],
};

describe('one value', () => {
  test('is replaced in a copy, the rest shared', () => {
    const before = structuredClone(base);
    const after = applyOverride(base, 'serving.max_batch', 16) as typeof base;
    expect(after.serving).toEqual({ gpu: 'g', max_batch: 16 });
    expect(after.compare).toBe(base.compare);
    expect(base).toEqual(before);
  });
  test('may lie in a list, at its end, or in a block not yet there', () => {
    expect(applyOverride(base, 'compare.0.name', 'y')).toMatchObject({ compare: [{ name: 'y' }] });
    expect(applyOverride(base, 'compare.1.name', 'y')).toMatchObject({ compare: [{ name: 'x' }, { name: 'y' }] });
    expect(applyOverride(base, 'slo.ttft_p95', '1 s')).toMatchObject({ slo: { ttft_p95: '1 s' } });
  });
  test('null takes the key away', () => {
    expect(applyOverride(base, 'serving.max_batch', null)).toMatchObject({ serving: { gpu: 'g' } });
    expect(applyOverride(base, 'compare.0', null)).toMatchObject({ compare: [] });
  });
  test('one load removes the others, and nothing else does', () => {
    expect(applyOverride(base, 'traffic.utilization', 0.5)).toMatchObject({ traffic: { utilization: 0.5 } });
    expect(applyOverride(base, 'traffic.utilization', 0.5)).not.toHaveProperty('traffic.requests_per_day');
    expect(applyOverride(base, 'traffic.growth', 0)).toHaveProperty('traffic.requests_per_day', 5);
  });
  test.each([
    '__proto__.x',
    'a.constructor.b',
    'serving.prototype',
    '',
    'a..b',
    'name.x',
    'compare.7.name',
    'compare.x',
  ])('refuses the path "%s"', (path) => expect(() => applyOverride(base, path, 1)).toThrow(InputError));
  test('never reaches a prototype', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(__proto__|constructor|a|0)(\.(__proto__|prototype|b|1)){0,3}$/), (path) => {
        try {
          applyOverride({}, path, 'spoilt');
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect(({} as Record<string, unknown>)['b']).toBeUndefined();
      }),
    );
  });
});

describe('a setting', () => {
  test.each([
    ['people.rate=100 USD/h', 'people.rate', '100 USD/h'],
    ['slo.ttft_p95=1s', 'slo.ttft_p95', '1s'],
    ['model=llama-3.1-8b', 'model', 'llama-3.1-8b'],
    ['traffic.requests_per_day=500k', 'traffic.requests_per_day', 500_000],
    ['a=1.1k', 'a', 1100],
    ['a=2M', 'a', 2_000_000],
    ['a=1.5G', 'a', 1_500_000_000],
    ['a=-3', 'a', -3],
    ['a=35 %', 'a', '35 %'],
    ['a=70b', 'a', '70b'],
    ['a="12"', 'a', '12'],
    ['a=true', 'a', true],
    ['a=null', 'a', null],
    ['a=b=c', 'a', 'b=c'],
    ['a=[1, 2k]', 'a', [1, '2k']],
    ['a={mean: 500, cv: 1}', 'a', { mean: 500, cv: 1 }],
    ['name=Chat: busy', 'name', 'Chat: busy'],
    ['name=- dash', 'name', '- dash'],
  ])('%s', (text, path, value) => expect(parseSetting(text)).toEqual({ path, value }));
  test.each(['a', '=1', 'a=', 'a= ', '__proto__=1', 'a.constructor.b=1', 'a=[1', 'a=!!js x', 'a=*b'])(
    'refuses %s',
    (text) => {
      expect(() => parseSetting(text)).toThrow(InputError);
    },
  );
  test('any text in quotes comes through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(parseSettingValue(JSON.stringify(text))).toBe(text);
      }),
    );
  });
});

describe('a child over its base', () => {
  test('blocks merge, lists and values replace, null removes', () => {
    const child = {
      serving: { max_batch: 4 },
      compare: [{ name: 'z' }],
      slo: null,
      people: { rate: null, setup: '1 USD' },
    };
    expect(mergeScenario({ ...base, slo: { ttft_p95: '1 s' } }, child)).toEqual({
      name: 'a',
      serving: { gpu: 'g', max_batch: 4 },
      traffic: { requests_per_day: 5 },
      compare: [{ name: 'z' }],
      people: { setup: '1 USD' },
    });
  });
  test("the child's load replaces the base's", () => {
    expect(mergeScenario(base, { traffic: { tokens_per_day: 9 } })).toMatchObject({ traffic: { tokens_per_day: 9 } });
    expect(mergeScenario(base, { traffic: { tokens_per_day: 9 } })).not.toHaveProperty('traffic.requests_per_day');
    expect(mergeScenario(base, { traffic: { growth: 0 } })).toHaveProperty('traffic.requests_per_day', 5);
  });
  test('one way to give a length replaces the other', () => {
    const by = (length: object) => ({ traffic: { input_tokens: length } });
    expect(mergeScenario(by({ mean: 5, cv: 1 }), by({ p50: 4, p95: 9 }))).toEqual(by({ p50: 4, p95: 9 }));
  });
  test('an empty child changes nothing, and the base is never touched', () => {
    const before = structuredClone(base);
    expect(mergeScenario(base, {})).toEqual(base);
    mergeScenario(base, { serving: null, traffic: { utilization: 1 } });
    expect(base).toEqual(before);
  });
});

describe('named overrides', () => {
  const raw = { ...base, overrides: { busy: { serving: { max_batch: 1 } } } };
  test('lie over the file', () => {
    expect(scenarioBody(applyNamedOverride(raw, 'busy'))).toEqual({ ...base, serving: { gpu: 'g', max_batch: 1 } });
  });
  test('that do not exist are met with the nearest', () => {
    expect(() => applyNamedOverride(raw, 'bussy')).toThrow('there is no override "bussy"; did you mean "busy"?');
    expect(() => applyNamedOverride(base, 'busy')).toThrow('the scenario has none');
  });
});
