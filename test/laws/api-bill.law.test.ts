import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callsPerRequest, requestBill } from '../../src/api/bill.ts';
import { rateLimitUse } from '../../src/api/rate-limits.ts';
import type { OfferPlan, RequestMix } from '../../src/scenario/plan.ts';
import { near } from './random-scenario.ts';

const usd = (most: number) => fc.double({ min: 0, max: most, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const tokens = fc.integer({ min: 1, max: 100_000 });

const untiered: fc.Arbitrary<OfferPlan> = fc
  .record({
    name: fc.constant('an offer'),
    sameModel: fc.boolean(),
    baseline: fc.boolean(),
    inputUsdPerMtok: usd(100),
    outputUsdPerMtok: usd(300),
    cachedInputUsdPerMtok: usd(100),
    cacheWriteUsdPerMtok: usd(100),
    cachedInputShare: fc.constantFrom(0, 0.1, 0.4, 0.9, 1),
    written: share,
    cacheStorage: fc.record({ usdPerMtokHour: usd(10), hours: usd(100) }),
    inputFactor: fc.double({ min: 0.5, max: 2, noNaN: true }),
    outputFactor: fc.double({ min: 0.1, max: 3, noNaN: true }),
    reasoningRatio: usd(20),
    usdPerRequest: fc.constant(0),
    batchDiscount: fc.constant(0),
    failure: fc.constantFrom(0, 0.05),
    rejected: fc.constantFrom(0, 0.2),
    source: fc.constant('test'),
    asOf: fc.constant('2026-12-01'),
  })
  .map(({ written, ...offer }) => ({ ...offer, cacheWriteShare: written * (1 - offer.cachedInputShare) }));

/** Tiers that ask more for longer prompts, as every list does. */
const rising: fc.Arbitrary<OfferPlan> = fc
  .tuple(untiered, fc.uniqueArray(tokens, { minLength: 1, maxLength: 3 }), fc.double({ min: 1, max: 3, noNaN: true }))
  .map(([offer, edges, factor]) => ({
    ...offer,
    tiers: [...edges]
      .sort((a, b) => a - b)
      .map((above, i) => ({
        above,
        inputUsdPerMtok: offer.inputUsdPerMtok * factor ** (i + 1),
        outputUsdPerMtok: offer.outputUsdPerMtok * factor ** (i + 1),
        cachedInputUsdPerMtok: offer.cachedInputUsdPerMtok * factor ** (i + 1),
        cacheWriteUsdPerMtok:
          offer.cacheWriteUsdPerMtok === undefined ? 0 : offer.cacheWriteUsdPerMtok * factor ** (i + 1),
      })),
  }));

const mixOf = (input: number, output: number, cv = 0): RequestMix => ({
  input: { mean: input, cv },
  output: { mean: output, cv },
  cachedInput: 0,
});

describe('an API bill', () => {
  test('is linear in both lengths where no tier binds', () => {
    fc.assert(
      fc.property(untiered, tokens, tokens, fc.integer({ min: 1, max: 9 }), (offer, input, output, factor) => {
        const total = (inputs: number, outputs: number) => requestBill(offer, mixOf(inputs, outputs)).total;
        expect(near(total(factor * input, factor * output), factor * total(input, output))).toBe(true);
        expect(near(total(input, output), total(input, 0) + total(0, output))).toBe(true);
      }),
    );
  });

  test('halves at half price, and its parts sum to it', () => {
    fc.assert(
      fc.property(rising, tokens, tokens, usd(0.01), (offer, input, output, fee) => {
        const full = requestBill({ ...offer, usdPerRequest: fee }, mixOf(input, output, 1));
        const half = requestBill({ ...offer, usdPerRequest: fee, batchDiscount: 0.5 }, mixOf(input, output, 1));
        expect(near(2 * half.total, full.total)).toBe(true);
        const { total, ...parts } = full;
        const sum = Object.values(parts).reduce((all, part) => all + part, 0);
        expect(near(sum, total)).toBe(true);
      }),
    );
  });

  test('grows with the prompt, through its tiers too', () => {
    fc.assert(
      fc.property(rising, tokens, tokens, tokens, fc.constantFrom(0, 0.5, 2), (offer, input, more, output, cv) => {
        const short = requestBill(offer, mixOf(input, output, cv)).total;
        const long = requestBill(offer, mixOf(input + more, output, cv)).total;
        expect(long).toBeGreaterThanOrEqual(short * (1 - 1e-9));
      }),
    );
  });

  test('lies between that of its cheapest and that of its dearest tier', () => {
    fc.assert(
      fc.property(rising, tokens, tokens, fc.constantFrom(0.5, 2), (offer, input, output, cv) => {
        const { tiers = [], ...base } = offer;
        const mix = mixOf(input, output, cv);
        const total = requestBill(offer, mix).total;
        expect(total).toBeGreaterThanOrEqual(requestBill(base, mix).total * (1 - 1e-9));
        expect(total).toBeLessThanOrEqual(
          requestBill({ ...base, ...tiers.at(-1) } as OfferPlan, mix).total * (1 + 1e-9),
        );
      }),
    );
  });

  test('failing with chance p costs 1/(1 − p) times, but for what is kept', () => {
    fc.assert(
      fc.property(untiered, tokens, fc.double({ min: 0, max: 0.9, noNaN: true }), (offer, input, failure) => {
        const bill = (chance: number) => {
          const { total, cacheStorage } = requestBill({ ...offer, failure: chance }, mixOf(input, input));
          return total - cacheStorage;
        };
        expect(near(bill(failure) * (1 - failure), bill(0), 1e-8)).toBe(true);
        expect(callsPerRequest({ failure, rejected: 0 }).billed).toBeCloseTo(1 / (1 - failure), 12);
      }),
    );
  });
});

describe('a rate limit', () => {
  const limits = fc.record({
    requests: fc.integer({ min: 1, max: 10_000 }),
    inputTokens: fc.integer({ min: 1000, max: 10_000_000 }),
    outputTokens: fc.integer({ min: 1000, max: 10_000_000 }),
    countsCached: fc.boolean(),
  });
  const week = fc
    .array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 24, maxLength: 24 })
    .map((hours) => hours.map((hour) => (24 * hour) / hours.reduce((sum, value) => sum + value, 0)));

  test('is kept by all three quantities at its binding rate, and met by one', () => {
    fc.assert(
      fc.property(untiered, limits, tokens, tokens, (offer, limit, input, output) => {
        const mix = mixOf(input, output);
        const limited = { ...offer, limits: limit, failure: 0, rejected: 0 };
        const most = rateLimitUse(limited, mix, [1], [0])?.requests_per_minute as number;
        const counted = limit.countsCached ? 1 : 1 - offer.cachedInputShare;
        const used = [
          most / limit.requests,
          (most * input * (offer.inputFactor ?? 1) * counted) / limit.inputTokens,
          (most * output * (offer.outputFactor ?? 1) * (1 + (offer.reasoningRatio ?? 0))) / limit.outputTokens,
        ];
        expect(Math.max(...used)).toBeCloseTo(1, 6);
      }),
    );
  });

  test('turns away what comes beyond it: nothing below, ever more above, all but its share far above', () => {
    fc.assert(
      fc.property(untiered, limits, week, tokens, (offer, limit, shape, input) => {
        const over = (perMinute: number) =>
          rateLimitUse({ ...offer, limits: limit }, mixOf(input, input), shape, [perMinute]);
        const most = over(0)?.requests_per_minute as number;
        const peak = Math.max(...shape);
        expect(over((0.999 * most) / peak)?.share_over).toBe(0);
        expect(over((0.999 * most) / peak)?.first_month_over).toBeNull();
        expect(over((1.001 * most) / peak)?.first_month_over).toBe(1);
        expect(over(2 * most)?.share_over).toBeGreaterThanOrEqual(over(most)?.share_over as number);
        expect(over(2000 * most)?.share_over).toBeCloseTo(1 - 1 / 2000, 9);
      }),
    );
  });
});
