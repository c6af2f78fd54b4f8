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

  test('writes into the cache what it does not read from it, where that has a price', () => {
    expect(requestBill({ ...OFFER, cacheWriteUsdPerMtok: 3.75 }, MIX).newInput).toBeCloseTo(200 * 3.75e-6, 15);
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
