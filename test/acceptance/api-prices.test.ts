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

/** The comparison with one offer, priced at its own terms. */
function offered(terms: Raw, change: Raw = {}) {
  return comparison(runWith({ ...change, compare: [{ name: 'an API', ...terms }] }));
}

/** USD a month of the parts of a bill, from what a request pays for them. */
function monthly(offer: ReturnType<typeof offered>, requests: number) {
  const { new_input, cache_write, cached_input, cache_storage } = offer.request_bill;
  const usd = (perRequest: number) => perRequest * requests;
  return {
    uncached: usd(new_input),
    written: usd(cache_write),
    read: usd(cached_input),
    stored: usd(cache_storage),
    input: usd(new_input + cache_write + cached_input + cache_storage),
  };
}

describe('dated prices by host', () => {
  const priced = (sheet: string, start: string, traffic: Raw) =>
    offered({ sheet, name: undefined }, { start, traffic });
  const K_EACH = { requests_per_day: 100, input_tokens: 1000, output_tokens: 1000 };

  test.each([
    ['deepseek-chat', '2025-02-01', 0.14, 0.28],
    ['deepseek-chat', '2025-02-09', 0.27, 1.1],
    ['mistral-small-host', '2026-12-01', 0.05, 0.08],
    ['mistral-small', '2026-12-01', 0.1, 0.3],
  ])('P04 %s on %s is %d/%d', (sheet, start, input, output) => {
    const { request_bill } = priced(sheet, start, K_EACH);
    expect(request_bill.new_input * 1000).toBeCloseTo(input, 12);
    expect(request_bill.output * 1000).toBeCloseTo(output, 12);
  });

  test('P04 one model at two hosts, side by side', () => {
    const result = runWith({
      compare: [{ sheet: 'mistral-small-host' }, { sheet: 'mistral-small' }],
      traffic: { requests_per_day: 100, ...MIX_B },
    });
    expect(comparison(result, 0).usd_per_1k_requests).toBeCloseTo((0.05 + 0.08) / 2, 12);
    expect(comparison(result, 1).usd_per_1k_requests).toBeCloseTo((0.1 + 0.3) / 2, 12);
  });

  test('P04 before its first price a sheet has none', () => {
    expect(() => priced('deepseek-chat', '2024-12-01', K_EACH)).toThrow(/no price on 2024-12-01.*2024-12-26/);
  });
});

describe('prices by length of prompt', () => {
  const long = { traffic: { requests_per_day: 100, input_tokens: 300_000, output_tokens: 1000 } };
  const short = { traffic: { requests_per_day: 100, input_tokens: 271_000, output_tokens: 1000 } };
  const listed = { provider: 'openai', model: 'gpt-5.4-pro' };
  const own = { input: '30 USD/Mtok', output: '180 USD/Mtok' };
  const tiers = [{ above: 272_000, input: '60 USD/Mtok', output: '270 USD/Mtok' }];

  test.each([
    ['as the list has them', listed],
    ['as stated', { ...own, tiers }],
  ])('P05 GPT-5.4 Pro, 300k in and 1k out, %s: 18.27 USD', (_, terms) => {
    expect(offered(terms, long).usd_per_request).toBeCloseTo(18.27, 9);
    expect(offered(terms, short).usd_per_request).toBeCloseTo(0.271 * 30 + 0.18, 9);
  });

  test('P05 says whose prompts are so long', () => {
    expect(offered(listed, long).terms).toContainEqual(
      expect.stringMatching(/^100 % of requests pay .* 271,999 tokens/),
    );
    expect(offered(listed, short).terms).toEqual([]);
  });

  test('P05 without its tiers: 9.18 USD', () => {
    expect(offered(own, long).usd_per_request).toBeCloseTo(9.18, 9);
  });

  test('P05 prompts that differ pay by their own length: half of these above, with three quarters of the tokens', () => {
    const even = { requests_per_day: 100, input_tokens: { low: 1, high: 543_999 }, output_tokens: 1000 };
    const usd = 0.272 * (0.25 * 30 + 0.75 * 60) + 0.001 * (0.5 * 180 + 0.5 * 270);
    expect(offered({ ...own, tiers }, { traffic: even }).usd_per_request).toBeCloseTo(usd, 3);
  });
});

describe('a cache of prompts', () => {
  // 10.5 million tokens of input in a month of 720 h: 0.5 new, 2 written, 8 read.
  const REQUESTS = 10_500;
  const month = {
    hours_per_month: 720,
    traffic: { requests_per_day: REQUESTS / 30, input_tokens: 1000, output_tokens: 100 },
  };
  const prices = {
    input: '3 USD/Mtok',
    output: '15 USD/Mtok',
    cached_input: '0.30 USD/Mtok',
    cache_write: '3.75 USD/Mtok',
  };
  const shares = { cached_input_share: 8 / 10.5, cache_write_share: 2 / 10.5 };

  test('P06 0.5M new, 2M written and 8M read: 11.40 USD, 31.50 uncached', () => {
    const { uncached, written, read, stored, input } = monthly(offered({ ...prices, ...shares }, month), REQUESTS);
    expect(uncached).toBeCloseTo(1.5, 9);
    expect(written).toBeCloseTo(7.5, 9);
    expect(read).toBeCloseTo(2.4, 9);
    expect(stored).toBe(0);
    expect(input).toBeCloseTo(11.4, 9);
    expect(monthly(offered(prices, month), REQUESTS).input).toBeCloseTo(31.5, 9);
  });

  test('P06 with storage, 2M tokens kept for 3 hours: 15.90 USD', () => {
    const stored = { ...prices, ...shares, cache_storage: '0.75 USD/Mtok/h', cache_ttl: '3 h' };
    const bill = monthly(offered(stored, month), REQUESTS);
    expect(bill.stored).toBeCloseTo(4.5, 9);
    expect(bill.input).toBeCloseTo(15.9, 9);
  });

  // One call every 43.8 min is 1,000 in a month of 730 h. A prompt is its prefix and one token of question.
  const calls = (prefix: number): Raw => ({
    traffic: {
      requests_per_day: 1000 / (730 / 24),
      arrivals: 'deterministic',
      input_tokens: prefix + 1,
      output_tokens: 100,
      shared_prompt: { tokens: prefix },
    },
  });
  const question = (1000 * 3) / 1e6;

  test('P07 a prefix of 500 tokens is too short to be cached: 1.50 USD', () => {
    const bill = monthly(offered({ ...prices, cache_min_tokens: 1024, cache_ttl: '1 h' }, calls(500)), 1000);
    expect(bill.input - question).toBeCloseTo(1.5, 9);
    expect(bill.written + bill.read).toBe(0);
  });

  test('P07 a prefix of 1,200 tokens that expires before each call is written each time: 4.50 USD', () => {
    const terms = { ...prices, cache_min_tokens: 1024, cache_ttl: '5 min' };
    const result = runWith({ ...calls(1200), compare: [{ name: 'an API', ...terms }] });
    const bill = monthly(comparison(result), 1000);
    expect(bill.written).toBeCloseTo(4.5, 9);
    expect(bill.read).toBe(0);
    expect(result.warnings.join()).toMatch(/an API: its cache adds .* cheaper without/);
  });

  test('P07 the same uncached: 3.60 USD; kept for an hour: 0.36 USD', () => {
    const { cached_input: _, cache_write: __, ...plain } = prices;
    expect(monthly(offered(plain, calls(1200)), 1000).input - question).toBeCloseTo(3.6, 9);
    const kept = monthly(offered({ ...prices, cache_ttl: '1 h' }, calls(1200)), 1000);
    expect(kept.read).toBeCloseTo(0.36, 9);
    expect(kept.written).toBe(0);
  });

  test.each([
    ['1.25x', '3.75 USD/Mtok', 1],
    ['2x', '6 USD/Mtok', 2],
  ])('P08 writing at %s pays from read %3$d on', (_, cache_write, pays) => {
    const input = (reads: number) => {
      const use = { cached_input_share: reads / (reads + 1), cache_write_share: 1 / (reads + 1) };
      return monthly(offered({ ...prices, cache_write, ...use }, month), REQUESTS).input;
    };
    const uncached = monthly(offered(prices, month), REQUESTS).input;
    expect(input(pays)).toBeLessThan(uncached);
    expect(input(pays - 1)).toBeGreaterThan(uncached);
  });
});

describe('the batch price', () => {
  const terms = { input: '3 USD/Mtok', output: '15 USD/Mtok', batch_discount: '50 %', batch_window: '24 h' };
  const due = (deadline: string | undefined, offer: Raw = terms) =>
    runWith({ compare: [{ name: 'an API', ...offer }], traffic: { requests_per_day: 1000, ...MIX_A, deadline } });

  test('P09 a job that can wait a day pays half, one due in 6 hours the full price and is told why', () => {
    const full = comparison(due('24 h', { ...terms, batch_discount: undefined, batch_window: undefined }));
    expect(comparison(due('24 h')).usd_per_month).toBe(full.usd_per_month / 2);
    const hurried = due('6 h');
    expect(comparison(hurried).usd_per_month).toBe(full.usd_per_month);
    expect(hurried.warnings).toContainEqual(expect.stringMatching(/an API: full price, not 50 % off.*6 h.*24 h/));
  });

  test("P09 a sheet's own batch price, where the traffic says that it can wait", () => {
    const together = { sheet: 'together-llama-3.3-70b', name: undefined };
    expect(comparison(due('24 h', together)).usd_per_mtok_total).toBeCloseTo(0.44, 12);
    expect(comparison(due('6 h', together)).usd_per_mtok_total).toBeCloseTo(0.88, 12);
    expect(comparison(due(undefined, together)).usd_per_mtok_total).toBeCloseTo(0.88, 12);
  });

  test('P09 a deadline against a batch price of unknown length is refused', () => {
    expect(() => due('6 h', { ...terms, batch_window: undefined })).toThrow(/needs batch_window/);
  });
});

describe('limits a minute', () => {
  const limits = { requests_per_minute: 4000, input_tokens_per_minute: 2e6, output_tokens_per_minute: 4e5 };
  const terms = { name: 'an API', input: '3 USD/Mtok', output: '15 USD/Mtok' };
  const asked = (perMinute: number, more: Raw = {}, traffic: Raw = {}) =>
    runWith({
      compare: [{ ...terms, limits, ...more }],
      traffic: { requests_per_day: perMinute * 1440, ...MIX_A, ...traffic },
    });

  test('P12 4,000 RPM, 2M in and 400k out: mix A is bound by its output at 1,333 requests a minute', () => {
    expect(comparison(asked(1000)).rate_limit).toMatchObject({
      binds: 'output_tokens',
      first_month_over: null,
      share_over: 0,
    });
    expect(comparison(asked(1000)).rate_limit?.requests_per_minute).toBeCloseTo(4e5 / 300, 9);
  });

  test.each([
    ['short answers: input', 'input_tokens', 2000, { output_tokens: 30 }],
    ['short prompts and answers: requests', 'requests', 4000, { input_tokens: 100, output_tokens: 30 }],
  ])('P12 %s', (_, binds, most, traffic) => {
    const limit = comparison(asked(1000, {}, traffic)).rate_limit;
    expect(limit?.binds).toBe(binds);
    expect(limit?.requests_per_minute).toBeCloseTo(most, 9);
  });

  test('P12 input from the cache is free where the limit says so', () => {
    const more = {
      cached_input: '0.3 USD/Mtok',
      cached_input_share: '50 %',
      limits: { ...limits, cached_input: 'free' },
    };
    expect(comparison(asked(1000, more, { output_tokens: 30 })).rate_limit?.requests_per_minute).toBeCloseTo(4000, 9);
  });

  test('P12 a load beyond the limit is told, with what comes over it', () => {
    const result = asked(2000);
    expect(comparison(result).rate_limit?.share_over).toBeCloseTo(1 / 3, 9);
    expect(result.warnings).toContainEqual(
      expect.stringMatching(/limit on output tokens allows 1,?333 requests.min.*33 %/),
    );
  });

  test('P12 growth passes it in the month that the rate does: 1.1^m > 4/3 first at m = 4', () => {
    expect(comparison(asked(1000, {}, { growth: '10 %/month' })).rate_limit?.first_month_over).toBe(5);
  });

  test('P12 of the sheet of Claude Sonnet 4.6', () => {
    const sheet = runWith({ compare: [{ sheet: 'claude-sonnet-4.6' }], traffic: { requests_per_day: 1000, ...MIX_A } });
    expect(comparison(sheet).rate_limit?.requests_per_minute).toBeCloseTo(1333.33, 2);
  });
});

describe('tokens of another model', () => {
  const terms = (input: number, output: number) => ({ input: `${input} USD/Mtok`, output: `${output} USD/Mtok` });
  const mix = (lengths: Raw, traffic: Raw = {}) => ({ traffic: { requests_per_day: 1000, ...lengths, ...traffic } });

  test('P14 nine hidden tokens for each of the answer, mix A at 3/15: 0.048 USD, 6.4 times 0.0075', () => {
    const thinking = offered({ ...terms(3, 15), reasoning_ratio: 9 }, mix(MIX_A));
    expect(thinking.usd_per_request).toBeCloseTo(0.048, 12);
    expect(thinking.usd_per_request / offered(terms(3, 15), mix(MIX_A)).usd_per_request).toBeCloseTo(6.4, 12);
    expect(thinking.terms).toEqual(["9 hidden tokens for each of its answer's"]);
    expect(thinking.request_bill.hidden_output).toBeCloseTo(0.9 * thinking.usd_per_request - 0.0027, 12);
  });

  test('P15 answers 65 % shorter, mix B at 5/25: 15.000 to 6.875 USD per 1,000', () => {
    expect(offered(terms(5, 25), mix(MIX_B)).usd_per_1k_requests).toBeCloseTo(15, 12);
    expect(offered({ ...terms(5, 25), output_factor: 0.35 }, mix(MIX_B)).usd_per_1k_requests).toBeCloseTo(6.875, 12);
  });

  test.each([
    [20, 16.7],
    [40, 33.3],
  ])('P16 answers %d % shorter, mix B at 1/5: the bill falls by %d %', (shorter, falls) => {
    const before = offered(terms(1, 5), mix(MIX_B)).usd_per_month;
    const kept = 1 - shorter / 100;
    const asked = offered(terms(1, 5), mix(MIX_B, { output_tokens: 500 * kept })).usd_per_month;
    const said = offered({ ...terms(1, 5), output_factor: kept }, mix(MIX_B)).usd_per_month;
    expect((1 - asked / before) * 100).toBeCloseTo(falls, 1);
    expect(said).toBeCloseTo(asked, 9);
  });
});
