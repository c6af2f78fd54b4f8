import { describe, expect, test } from 'vitest';
import type { OfferPlan } from '../../src/scenario/plan.ts';
import { InputError } from '../../src/schema/problem.ts';
import { planOf, type Raw, scenario } from '../acceptance/fixtures.ts';

const OWN = { name: 'an API', input: '3 USD/Mtok', output: '15 USD/Mtok' };

function offerOf(offer: Raw, traffic: Raw = {}): OfferPlan {
  const found = planOf(scenario({ traffic, compare: [offer] })).offers[0];
  if (found === undefined) throw new Error('no offer');
  return found;
}

function problemsOf(offer: Raw, traffic: Raw = {}): string[] {
  try {
    offerOf(offer, traffic);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
  }
}

describe('tiers', () => {
  test('are put in order, and have the price below where they name none', () => {
    const tiers = [
      { above: 256_000, output: '30 USD/Mtok' },
      { above: 128_000, input: '6 USD/Mtok' },
    ];
    expect(offerOf({ ...OWN, tiers, cached_input: '0.3 USD/Mtok' }).tiers).toEqual([
      { above: 128_000, inputUsdPerMtok: 6, outputUsdPerMtok: 15, cachedInputUsdPerMtok: 0.3 },
      { above: 256_000, inputUsdPerMtok: 6, outputUsdPerMtok: 30, cachedInputUsdPerMtok: 0.3 },
    ]);
  });
});

describe('a price stated beside a list or a sheet', () => {
  test('takes the place of the one found there, for prompts of any length, and says so', () => {
    const listed = { provider: 'google', model: 'gemini-2.5-pro' };
    const [as, dear] = [offerOf(listed), offerOf({ ...listed, output: '99 USD/Mtok' })];
    expect(dear).toMatchObject({ inputUsdPerMtok: as.inputUsdPerMtok, outputUsdPerMtok: 99, name: as.name });
    expect(dear.tiers?.map((tier) => tier.outputUsdPerMtok)).toEqual(as.tiers?.map(() => 99));
    expect(dear.tiers?.map((tier) => tier.inputUsdPerMtok)).toEqual(as.tiers?.map((tier) => tier.inputUsdPerMtok));
    expect(dear.source).toMatch(/^scenario: compare, for output; @pydantic/);
    const sheet = offerOf({ sheet: 'claude-sonnet-4.6', input: '1 USD/Mtok' });
    expect(sheet).toMatchObject({
      inputUsdPerMtok: 1,
      outputUsdPerMtok: 15,
      name: offerOf({ sheet: 'claude-sonnet-4.6' }).name,
    });
  });

  test('half a price alone is none', () => {
    expect(problemsOf({ name: 'half', output: '3 USD/Mtok' })[0]).toContain('needs its price in one way');
  });
});

describe('what is written to the cache', () => {
  const cached = { cached_input: '0.3 USD/Mtok', cache_write: '3.75 USD/Mtok' };
  const listed = { provider: 'anthropic', model: 'claude-sonnet-4-5' };
  const session = { turns: 15, first_input: 2000, added_per_turn: 1000, pause: '5 s' };
  const inSession = { input_tokens: undefined, session };

  test.each<[string, Raw, Raw, number | undefined]>([
    ['nothing, where nothing is read', { ...OWN, ...cached }, {}, undefined],
    ['all the rest, at a price the scenario states', { ...OWN, ...cached }, { cached_input: 0.4 }, 0.6],
    ['nothing for single requests at a listed price', listed, { cached_input: 0.4 }, undefined],
    ['all the rest of sessions at a listed price', listed, { ...inSession, cached_input: 0.8 }, 0.2],
    ['what sessions add', listed, inSession, 16 / 135],
    ['what is stated, before all', { ...listed, cache_write_share: 0.1 }, { ...inSession, cached_input: 0.8 }, 0.1],
    ['nothing, where writing is as cheap as sending', { ...OWN, cached_input: '0.3 USD/Mtok' }, inSession, undefined],
  ])('%s', (_, offer, traffic, share) => {
    const written = offerOf(offer, traffic).cacheWriteShare;
    if (share === undefined) expect(written).toBeUndefined();
    else expect(written).toBeCloseTo(share, 12);
  });

  test('rules that were not given are noted, once they matter', () => {
    const noted = (traffic: Raw) =>
      planOf(scenario({ traffic, compare: [{ ...OWN, ...cached }] })).defaultsUsed.map((entry) => entry.path);
    const rules = ['compare.0.cache_ttl', 'compare.0.cache_min_tokens'];
    expect(noted(inSession)).toEqual(expect.arrayContaining(rules));
    for (const rule of rules) expect(noted({})).not.toContain(rule);
  });
});

describe('rules of a sheet', () => {
  test('hold unless the scenario has its own', () => {
    const sheet = { sheet: 'claude-sonnet-4.6' };
    expect(offerOf(sheet).limits).toMatchObject({ requests: 4000, countsCached: false });
    const own = offerOf({ ...sheet, limits: { requests_per_minute: 50 } });
    expect(own.limits).toEqual({
      requests: 50,
      inputTokens: Number.POSITIVE_INFINITY,
      outputTokens: Number.POSITIVE_INFINITY,
      countsCached: true,
    });
    expect(offerOf(sheet, { deadline: '24 h' })).toMatchObject({ batchDiscount: 0.5 });
    expect(offerOf({ ...sheet, batch_window: '48 h' }, { deadline: '24 h' }).batchRefused).toEqual({
      discount: 0.5,
      window: 172_800,
      deadline: 86_400,
    });
  });

  test('found by provider and model too', () => {
    const found = offerOf({ provider: 'anthropic', model: 'claude-sonnet-4-6' });
    expect(found).toMatchObject({ name: 'Claude Sonnet 4.6 at Anthropic', cacheWriteUsdPerMtok: 3.75 });
  });

  test('batches have queues of their own: no limit by the minute', () => {
    expect(offerOf({ sheet: 'claude-sonnet-4.6' }, { deadline: '24 h' }).limits).toBeUndefined();
  });
});

describe('what makes no sense', () => {
  test.each<[string, Raw, Raw, RegExp]>([
    ['storage without a time', { cache_storage: '1 USD/Mtok/h' }, {}, /^compare\.0: cache_storage needs cache_ttl/],
    [
      'more than the whole input',
      { cached_input_share: 0.7, cache_write_share: 0.4 },
      {},
      /^compare\.0\.cache_write_share: .*more than the whole input/,
    ],
    ['a deadline against no window', { batch_discount: 0.5 }, { deadline: '6 h' }, /^compare\.0: needs batch_window/],
  ])('%s', (_, terms, traffic, message) => {
    expect(problemsOf({ ...OWN, ...terms }, traffic)).toEqual([expect.stringMatching(message)]);
  });
});
