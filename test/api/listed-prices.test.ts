import { calcPrice } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { requestBill } from '../../src/api/bill.ts';
import { listedModels, listedPrice } from '../../src/api/listed-prices.ts';
import { comparison, planOf, type Raw, runWith, scenario } from '../acceptance/fixtures.ts';

const SHAPE_AT = (hour: number) => Array.from({ length: 24 }, (_, at) => (at === hour ? 1 : 0));

function listed(provider: string, model: string, traffic: Raw, start = '2026-12-01') {
  const plan = planOf(scenario({ start, traffic, compare: [{ provider, model }] }));
  const [offer] = plan.offers;
  if (offer === undefined) throw new Error('no offer');
  return { offer, bill: requestBill(offer, plan.traffic.mix) };
}

describe('the list of prices, against its own calculator', () => {
  test.each([
    ['openai', 'gpt-4.1', 1000, 300],
    ['openai', 'gpt-5.4-pro', 271_999, 1000],
    ['openai', 'gpt-5.4-pro', 272_000, 1000],
    ['google', 'gemini-2.5-pro', 150_000, 2000],
    ['google', 'gemini-2.5-pro', 250_000, 2000],
    ['anthropic', 'claude-sonnet-4-5', 250_000, 1000],
  ])('%s %s at %d in and %d out', (provider, model, input, output) => {
    const usage = { input_tokens: input, output_tokens: output };
    const theirs = calcPrice(usage, model, { providerId: provider, timestamp: new Date('2026-12-01') });
    const { bill } = listed(provider, model, { requests_per_day: 100, input_tokens: input, output_tokens: output });
    expect(bill.total).toBeCloseTo(theirs?.total_price as number, 9);
  });

  test('writing to and reading from the cache', () => {
    const [read, written, fresh] = [6000, 1500, 2500];
    const usage = {
      input_tokens: read + written + fresh,
      cache_read_tokens: read,
      cache_write_tokens: written,
      output_tokens: 300,
    };
    const at = { providerId: 'anthropic', timestamp: new Date('2026-12-01') };
    const theirs = calcPrice(usage, 'claude-sonnet-4-5', at);
    const compare = [
      { provider: 'anthropic', model: 'claude-sonnet-4-5', cached_input_share: 0.6, cache_write_share: 0.15 },
    ];
    const traffic = { requests_per_day: 100, input_tokens: 10_000, output_tokens: 300 };
    expect(comparison(runWith({ traffic, compare })).usd_per_request).toBeCloseTo(theirs?.total_price as number, 9);
  });

  test('a price that depends on the hour, at each hour and by load over the day', () => {
    const usage = { input_tokens: 1000, output_tokens: 1000 };
    const mix = { requests_per_day: 100, input_tokens: 1000, output_tokens: 1000 };
    const at = (hour: number) => {
      const timestamp = new Date(Date.UTC(2026, 11, 1, hour));
      return calcPrice(usage, 'deepseek-v4-pro', { providerId: 'deepseek', timestamp })?.total_price as number;
    };
    const hours = Array.from({ length: 24 }, (_, hour) => at(hour));
    expect(new Set(hours).size).toBeGreaterThan(1);
    for (const hour of [0, 2, 8, 14]) {
      const { bill } = listed('deepseek', 'deepseek-v4-pro', { ...mix, shape: SHAPE_AT(hour) });
      expect(bill.total).toBeCloseTo(hours[hour] as number, 12);
    }
    const mean = hours.reduce((sum, usd) => sum + usd, 0) / 24;
    expect(listed('deepseek', 'deepseek-v4-pro', mix).bill.total).toBeCloseTo(mean, 12);
  });
});

describe('names of the list', () => {
  test('a model by its id, where the rule for names wants a path before it', () => {
    const { offer } = listed('fireworks', 'gpt-oss-120b', {
      requests_per_day: 100,
      input_tokens: 1e6,
      output_tokens: 1,
    });
    const theirs = calcPrice({ input_tokens: 1e6 }, 'accounts/fireworks/models/gpt-oss-120b', {
      providerId: 'fireworks',
      timestamp: new Date('2026-12-01'),
    });
    expect(offer.inputUsdPerMtok).toBeCloseTo(theirs?.input_price as number, 12);
  });

  test('every model that is listed has its price under the names it is listed by', () => {
    const models = listedModels('2026-12-01');
    expect(models.length).toBeGreaterThan(1000);
    for (const { provider, model, inputUsdPerMtok, outputUsdPerMtok } of models.filter((_, i) => i % 7 === 0)) {
      const found = listedPrice({ provider, model, date: '2026-12-01', shape: SHAPE_AT(3) });
      expect(found, `${provider} ${model}`).toMatchObject({
        found: true,
        price: { inputUsdPerMtok, outputUsdPerMtok },
      });
    }
  });

  test('a near miss is answered with a name that has a price', () => {
    const near = (provider: string, model: string) => () =>
      listed(provider, model, { requests_per_day: 1, input_tokens: 1, output_tokens: 1 });
    expect(near('groq', 'gpt-oss-120b')).toThrow('did you mean "openai/gpt-oss-120b"?');
    expect(() =>
      listed('groq', 'openai/gpt-oss-120b', { requests_per_day: 1, input_tokens: 1, output_tokens: 1 }),
    ).not.toThrow();
    expect(near('antropic', 'claude-sonnet-4-5')).toThrow('did you mean "anthropic"?');
    expect(near('nobody at all', 'x')).toThrow('state input and output prices instead');
  });
});
