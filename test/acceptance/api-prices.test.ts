import { describe, expect, test } from 'vitest';
import { comparison, MIX_A, MIX_B, MIX_C, type Raw, runWith } from './fixtures.ts';

/** One month of a mix at an API's prices in USD per million tokens. */
function bill(mix: object, input: number, output: number, more: Raw = {}) {
  const offer = { name: 'an API', input: `${input} USD/Mtok`, output: `${output} USD/Mtok` };
  return comparison(runWith({ compare: [offer], ...more, traffic: { ...mix, ...(more['traffic'] as object) } }));
}

describe('pay as you go', () => {
  const thirtyDays = { hours_per_month: 720, traffic: { requests_per_day: 100_000 } };

  test.each([
    [0.26, 0.38, 4032],
    [3.3, 16.5, 79_200],
  ])('P01 100,000 requests a day of mix C at %d/%d: %d USD in 30 days', (input, output, usd) => {
    expect(bill(MIX_C, input, output, thirtyDays).usd_per_month).toBeCloseTo(usd, 6);
  });

  test('P01 a month of 730 h is 730/720 of that', () => {
    const month = (hours: number) => bill(MIX_C, 3.3, 16.5, { ...thirtyDays, hours_per_month: hours }).usd_per_month;
    expect(month(730) / month(720)).toBeCloseTo(730 / 720, 12);
  });

  test.each([
    ['Claude Sonnet', 3, 15, 0.0075],
    ['GPT-4.1', 2, 8, 0.0044],
    ['DeepSeek R1', 0.55, 2.19, 0.001207],
  ])('P02 one request of mix A at %s: %d/%d', (_, input, output, usd) => {
    expect(bill(MIX_A, input, output).usd_per_request).toBeCloseTo(usd, 12);
  });

  test.each([
    ['Claude Sonnet', 3, 15, 5.7692],
    ['GPT-4.1', 2, 8, 3.3846],
    ['DeepSeek R1', 0.55, 2.19, 0.92846],
  ])('P02 blend of mix A at %s', (_, input, output, usd) => {
    expect(bill(MIX_A, input, output).usd_per_mtok_total).toBeCloseTo(usd, 4);
  });

  test.each([
    ['Gemini 2.5 Flash-Lite', 0.1, 0.4, 0.25],
    ['Mistral Small 3.2', 0.1, 0.3, 0.2],
    ['GPT-5.4 nano', 0.2, 1.25, 0.725],
    ['Gemini 2.5 Flash', 0.3, 2.5, 1.4],
    ['Mistral Large 3', 0.5, 1.5, 1],
    ['GPT-5.4 mini', 0.75, 4.5, 2.625],
    ['Claude Haiku 4.5', 1, 5, 3],
    ['Gemini 2.5 Pro', 1.25, 10, 5.625],
    ['GPT-5.4', 2.5, 15, 8.75],
    ['Claude Sonnet 4.6', 3, 15, 9],
    ['Claude Opus 4.6', 5, 25, 15],
  ])('P03 1,000 queries of 500 + 500 at %s', (_, input, output, usd) => {
    expect(bill(MIX_B, input, output).usd_per_1k_requests).toBeCloseTo(usd, 9);
  });
});

describe('retries', () => {
  const once = bill(MIX_A, 3, 15);
  const withChances = (chances: Raw) => {
    const offer = { name: 'an API', input: '3 USD/Mtok', output: '15 USD/Mtok', ...chances };
    return comparison(runWith({ compare: [offer], traffic: MIX_A }));
  };

  test('P13 retried until success at 5 %: 1.0526 billed calls', () => {
    const offer = withChances({ failure: '5 %' });
    expect(offer.billed_calls_per_request).toBeCloseTo(1.0526, 4);
    expect(offer.usd_per_request / once.usd_per_request).toBeCloseTo(1 / 0.95, 12);
    expect(offer.usd_per_month / once.usd_per_month).toBeCloseTo(1 / 0.95, 12);
  });

  test('P13 429s are repeated and not billed', () => {
    const offer = withChances({ rejected: '3 %' });
    expect(offer.billed_calls_per_request).toBe(1);
    expect(offer.sent_calls_per_request).toBeCloseTo(1 / 0.97, 12);
    expect(offer.usd_per_request).toBe(once.usd_per_request);
  });

  test('P13 both: every billed call was let in first', () => {
    const offer = withChances({ failure: '5 %', rejected: '3 %' });
    expect(offer.sent_calls_per_request).toBeCloseTo(1 / 0.95 / 0.97, 12);
    expect(offer.billed_calls_per_request).toBeCloseTo(1 / 0.95, 12);
  });
});
