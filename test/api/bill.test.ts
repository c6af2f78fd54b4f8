import { describe, expect, test } from 'vitest';
import { callsPerRequest, requestBill } from '../../src/api/bill.ts';
import type { OfferPlan, RequestMix } from '../../src/scenario/plan.ts';

const OFFER: OfferPlan = {
  name: 'an API',
  sameModel: true,
  baseline: true,
  inputUsdPerMtok: 3,
  outputUsdPerMtok: 15,
  cachedInputUsdPerMtok: 0.3,
  cachedInputShare: 0.8,
  usdPerRequest: 0.001,
  batchDiscount: 0,
  failure: 0,
  rejected: 0,
  source: 'test',
  asOf: '2026-12-01',
};
const MIX: RequestMix = { input: { mean: 1000, cv: 0 }, output: { mean: 300, cv: 0 }, cachedInput: 0 };

describe('a request at an API', () => {
  test('is billed by what it is made of', () => {
    const { newInput, cachedInput, output, perRequest } = requestBill(OFFER, MIX);
    expect(newInput).toBeCloseTo(200 * 3e-6, 15);
    expect(cachedInput).toBeCloseTo(800 * 0.3e-6, 15);
    expect(output).toBeCloseTo(300 * 15e-6, 15);
    expect(perRequest).toBe(0.001);
  });

  test('pays for the share of its input that is written to the cache', () => {
    const bill = requestBill({ ...OFFER, cacheWriteUsdPerMtok: 3.75, cacheWriteShare: 0.15 }, MIX);
    expect(bill.cacheWrite).toBeCloseTo(150 * 3.75e-6, 15);
    expect(bill.newInput).toBeCloseTo(50 * 3e-6, 15);
  });

  test('keeps what it wrote, once, however often the call is repeated', () => {
    const stored = { ...OFFER, cacheWriteShare: 0.2, cacheStorage: { usdPerMtokHour: 0.75, hours: 3 }, failure: 0.5 };
    expect(requestBill(stored, MIX).cacheStorage).toBeCloseTo(200 * 3 * 0.75e-6, 15);
  });

  test("is counted in the API's tokens, hidden ones included", () => {
    const bill = requestBill({ ...OFFER, inputFactor: 1.5, outputFactor: 0.5, reasoningRatio: 4 }, MIX);
    expect(bill.newInput).toBeCloseTo(1.5 * 200 * 3e-6, 15);
    expect(bill.cachedInput).toBeCloseTo(1.5 * 800 * 0.3e-6, 15);
    expect(bill.output).toBeCloseTo(150 * 15e-6, 15);
    expect(bill.hiddenOutput).toBeCloseTo(600 * 15e-6, 15);
  });

  test('pays the prices of its length for all of it, by its own count of tokens', () => {
    const tiers = [{ above: 1200, inputUsdPerMtok: 6, outputUsdPerMtok: 22.5, cachedInputUsdPerMtok: 0.6 }];
    expect(requestBill({ ...OFFER, tiers }, MIX).total).toBe(requestBill(OFFER, MIX).total);
    const long = requestBill({ ...OFFER, tiers, inputFactor: 1.3 }, MIX);
    expect(long.newInput).toBeCloseTo(1.3 * 200 * 6e-6, 15);
    expect(long.cachedInput).toBeCloseTo(1.3 * 800 * 0.6e-6, 15);
    expect(long.output).toBeCloseTo(300 * 22.5e-6, 15);
  });

  test('pays its fee once a call, however many answers it asks for', () => {
    const bill = requestBill(OFFER, { ...MIX, samples: 8 });
    expect(bill.output).toBeCloseTo(8 * 300 * 15e-6, 15);
    expect(bill.perRequest).toBe(0.001);
  });

  test('is repeated until it is answered: only what was let in is billed', () => {
    expect(callsPerRequest({ failure: 0.5, rejected: 0.75 })).toEqual({ sent: 8, billed: 2 });
    const failing = requestBill({ ...OFFER, failure: 0.5, rejected: 0.75 }, MIX);
    expect(failing.total).toBeCloseTo(2 * requestBill(OFFER, MIX).total, 15);
  });
});
