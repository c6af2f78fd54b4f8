import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/result/record.ts';
import { folderWith } from '../io/folder.ts';
import { comparison, H100, M70, metric, type Raw, runText, runWith } from './fixtures.ts';

/** One session an hour: 730 of them a month. */
const HOURLY = { sessions_per_day: 24 };
const SESSIONS_PER_MONTH = 730;

/** An API that charges for prompts only. */
const promptsAt = (input: number, more: Raw = {}) => ({
  name: 'prompts',
  input: `${input} USD/Mtok`,
  output: '0 USD/Mtok',
  ...more,
});

/** An agent's task: 2,000 tokens first, 1,000 more with each of 15 calls. */
const AGENT = { turns: 15, first_input: 2000, added_per_turn: 1000, pause: '5 s' };

function agent(change: Raw, more: Raw = {}): Result {
  const session = { ...AGENT, ...(change['session'] as object) };
  return runWith({ ...more, traffic: { input_tokens: undefined, ...HOURLY, ...change, session } });
}

const inputPerSession = (result: Result) => metric(result, 'input_tokens_per_month') / SESSIONS_PER_MONTH;
const usdPerSession = (result: Result, index = 0) => comparison(result, index).usd_per_month / SESSIONS_PER_MONTH;

describe('request shape', () => {
  const seen = (factor: number) => {
    const rows = [
      [900, 20],
      [1400, 700],
      [350, 90],
      [5000, 10],
    ].map(([input, output]) => `${(input as number) * factor},${(output as number) * factor}`);
    return join(folderWith({ 'seen.csv': ['prompt,answer', ...rows].join('\n') }), 'seen.csv');
  };
  const forms: [form: string, lengths: (factor: number) => Raw][] = [
    ['numbers', (k) => ({ input_tokens: 1000 * k, output_tokens: 300 * k })],
    ['means', (k) => ({ input_tokens: { mean: 1000 * k, cv: 1.3 }, output_tokens: { mean: 300 * k, cv: 0.7 } })],
    [
      'quantiles',
      (k) => ({ input_tokens: { p50: 600 * k, p95: 4000 * k }, output_tokens: { p50: 200 * k, p95: 900 * k } }),
    ],
    [
      'ends',
      (k) => ({ input_tokens: { low: 400 * k, high: 1600 * k }, output_tokens: { low: 100 * k, high: 500 * k } }),
    ],
    [
      'columns',
      (k) => ({
        input_tokens: { file: seen(k), column: 'prompt' },
        output_tokens: { file: seen(k), column: 'answer' },
      }),
    ],
    [
      'pairs',
      (k) => ({
        input_tokens: undefined,
        output_tokens: undefined,
        lengths: { file: seen(k), input: 'prompt', output: 'answer' },
      }),
    ],
  ];

  test.each(forms)('W01 both legs four times as long cost exactly four times: %s', (_, lengths) => {
    const compare = [{ name: 'an API', input: '3 USD/Mtok', output: '15 USD/Mtok' }];
    const bill = (factor: number) => comparison(runWith({ traffic: lengths(factor), compare })).usd_per_month;
    expect(bill(4) / bill(1)).toBeCloseTo(4, 12);
  });

  test('W01 a list is billed by its own mean', () => {
    const result = runWith({ traffic: { input_tokens: { file: seen(1), column: 'prompt' } } });
    expect(result.subject.input_tokens).toBe((900 + 1400 + 350 + 5000) / 4);
  });
});

describe('agents', () => {
  test('W02 15 calls from 2,000 on, 1,000 more each: 135,000 tokens of input', () => {
    const result = agent({});
    expect(inputPerSession(result)).toBeCloseTo(135_000, 6);
    expect(result.subject.input_tokens).toBeCloseTo(9000, 9);
    expect((result.subject.requests_per_day * 30) / 24).toBeCloseTo(15 * 30, 9);
  });

  test.each([
    [0.5, 0.0675],
    [3.3, 0.4455],
  ])('W02 at %d USD/Mtok: %d USD a task', (price, usd) => {
    expect(usdPerSession(agent({}, { compare: [promptsAt(price)] }))).toBeCloseTo(usd, 12);
  });

  test('W02 the same, as a file', () => {
    const result = runText(`
      rackrate: 1
      name: An agent
      model: llama-3.1-8b
      serving: { gpu: h100-sxm5-80gb, engine: ideal, replicas: 1, envelope: closed-form }
      traffic:
        sessions_per_day: 24
        session: { turns: 15, first_input: 2000, added_per_turn: 1000, pause: 5 s }
        output_tokens: 300
      capacity: { rent: { price: 2.69 USD/h } }`);
    expect(inputPerSession(result)).toBeCloseTo(135_000, 6);
  });

  test('W03 90 % off the repeated part: billed as 27,900 tokens', () => {
    const cached = promptsAt(1, { name: 'cached', cached_input: '0.1 USD/Mtok' });
    const result = agent({}, { compare: [cached, promptsAt(1)] });
    expect(usdPerSession(result, 0) * 1e6).toBeCloseTo(27_900, 6);
    expect(usdPerSession(result, 1) * 1e6).toBeCloseTo(135_000, 6);
  });

  test('W03 an own prefix cache finds the same 119,000 of 135,000', () => {
    expect(agent({}).subject.cached_input).toBe(0);
    expect(agent({}, { serving: { prefix_cache: true } }).subject.cached_input).toBeCloseTo(119 / 135, 12);
  });

  test.each([
    ['a cap on the way', 5000, 69_000],
    ['trimmed to what it began with', 2000, 30_000],
    ['a cap that is never reached', 16_000, 135_000],
  ])('W04 %s (%d): %d tokens', (_, context_cap, tokens) => {
    expect(inputPerSession(agent({ session: { context_cap } }))).toBeCloseTo(tokens, 6);
  });

  test('W04 a trimmed prompt begins anew, so caching it saves nothing', () => {
    const compare = [promptsAt(1, { cached_input: '0 USD/Mtok' })];
    const uncapped = usdPerSession(agent({}, { compare })) * 1e6;
    // Three prompts repeat 2,000, 3,000 and 4,000 tokens of 69,000; the other eleven are cut at the front.
    expect(usdPerSession(agent({ session: { context_cap: 5000 } }, { compare })) * 1e6).toBeCloseTo(60_000, 6);
    expect(uncapped).toBeCloseTo(16_000, 6);
  });
});

describe('long documents', () => {
  const roomy = { ...H100, memory: { marketed: '4000 GB' } };
  const document = { turns: 20, first_input: 1e6, added_per_turn: 0, pause: '60 s' };
  const asked = (compare: Raw[]) => agent({ session: document }, { model: M70, serving: { gpu: roomy }, compare });

  test('W06 a million tokens of M70 take 327.7 GB of cache', () => {
    expect((metric(asked([]), 'kv_bytes_per_token') * 1e6) / 1e9).toBeCloseTo(327.7, 1);
  });

  test('W06 20 turns over them: 60.00 USD uncached, 9.45 with one write', () => {
    const prices = { cached_input: '0.30 USD/Mtok', cache_write: '3.75 USD/Mtok' };
    const result = asked([promptsAt(3), promptsAt(3, { name: 'cached', ...prices })]);
    expect(usdPerSession(result, 0)).toBeCloseTo(60, 9);
    expect(usdPerSession(result, 1)).toBeCloseTo(9.45, 9);
  });
});

describe('parallel sampling', () => {
  const CLAUDE = { name: 'Claude Sonnet', input: '3 USD/Mtok', output: '15 USD/Mtok' };
  const sampled = (samples: number) => runWith({ traffic: { samples }, compare: [CLAUDE] });

  test('W07 eight answers to a prompt: output x 8, input x 1', () => {
    const [one, eight] = [sampled(1), sampled(8)];
    expect(metric(eight, 'input_tokens_per_month')).toBe(metric(one, 'input_tokens_per_month'));
    expect(metric(eight, 'output_tokens_per_month')).toBeCloseTo(8 * metric(one, 'output_tokens_per_month'), 3);
    expect(comparison(eight).usd_per_request).toBeCloseTo((1000 * 3 + 8 * 300 * 15) / 1e6, 12);
    expect(eight.subject.requests_per_day).toBe(one.subject.requests_per_day);
  });

  test('W07 they run as eight sequences that compute the prompt once', () => {
    const [one, eight] = [sampled(1), sampled(8)];
    expect(8 * eight.physics.prefill.prompt_tokens).toBeCloseTo(one.physics.prefill.prompt_tokens, 6);
    expect(eight.physics.decode_full).toEqual(one.physics.decode_full);
    const requests = (result: Result, samples: number) =>
      metric(result, 'replica_output_tok_per_s_max') / (300 * samples);
    expect(requests(eight, 8)).toBeGreaterThan(requests(one, 1) / 8);
    expect(requests(eight, 8)).toBeLessThan(requests(one, 1));
  });
});

/** So large a load that whole replicas do not show. */
const sized = (traffic: Raw, more: Raw = {}) =>
  runWith({
    ...more,
    serving: { replicas: 'auto', target_utilization: '70 %' },
    traffic: { requests_per_day: 5e9, ...traffic },
  });

describe('presets', () => {
  const flat = sized({ shape: 'constant' });

  test('W08 constant: utilisation is the target', () => {
    expect(Math.abs(metric(flat, 'utilization_mean') / 0.7 - 1)).toBeLessThan(0.01);
  });

  test.each(['bursty', 'nightly', 'real-time', 'chat', 'moderation', 'personalisation'])(
    'W08 %s: a token costs peak over mean times what it costs at constant load',
    (shape) => {
      const result = sized({ shape });
      const dearer = metric(result, 'usd_per_mtok_total') / metric(flat, 'usd_per_mtok_total');
      expect(result.subject.peak_over_mean).toBeGreaterThan(1.5);
      expect(dearer / result.subject.peak_over_mean).toBeCloseTo(1, 2);
    },
  );

  test('W08 real time: the first token within 100 ms', () => {
    const slo = { ttft_p95: '100 ms' };
    const result = sized({ shape: 'real-time', requests_per_day: 5e7 }, { slo });
    expect(result.status).toBe('ok');
    expect(metric(result, 'ttft_p95_s')).toBeLessThanOrEqual(0.1);
  });
});

describe('a day and a week', () => {
  test.each([
    ['code', 3.01, 23],
    ['chat', 1.65, 42],
  ])(
    'W09 %s, peak over mean %d, its busiest hour at 70 percent: %d percent busy on average',
    (shape, peak, percent) => {
      const result = sized({ shape });
      expect(result.subject.peak_over_mean).toBeCloseTo(peak, 2);
      expect(metric(result, 'utilization_mean')).toBeCloseTo(0.7 / peak, 3);
      expect(Math.round(100 * metric(result, 'utilization_mean'))).toBe(percent);
      expect(metric(result, 'utilization_peak')).toBeCloseTo(0.7, 2);
    },
  );

  test('W09 headroom is a step of the walk to the real price, and moves the break-even', () => {
    const compare = [{ name: 'an API', input: '1 USD/Mtok', output: '1 USD/Mtok' }];
    const result = sized({ shape: 'chat' }, { compare });
    const whole = runWith({
      serving: { replicas: 'auto' },
      traffic: { requests_per_day: 5e9, shape: 'chat' },
      compare,
    });
    const steps = new Map(result.waterfall.map((step) => [step.id, step.usd_per_mtok]));
    const before = ['ideal', 'latency_target', 'idle'].reduce((sum, id) => sum + (steps.get(id) ?? 0), 0);
    expect(steps.get('headroom')).toBeCloseTo(before * (1 / 0.7 - 1), 9);
    const total = [...steps.values()].reduce((sum, value) => sum + value, 0);
    expect(total).toBeCloseTo(metric(result, 'usd_per_mtok_total'), 9);
    const cost = (of: Result) => metric(of, 'usd_per_mtok_total');
    expect(cost(result) / cost(whole)).toBeCloseTo(1 / 0.7, 2);
    expect(whole.defaults_used.map((entry) => entry.path)).toContain('serving.target_utilization');
    expect(result.defaults_used.map((entry) => entry.path)).not.toContain('serving.target_utilization');
  });
});
