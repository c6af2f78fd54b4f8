import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/math/rng.ts';
import { type CacheRules, cacheUse } from '../../src/scenario/prompt-cache.ts';

type Traffic = Parameters<typeof cacheUse>[0];

const FLAT = new Array<number>(168).fill(1);
const traffic = (perDay: number, change: Partial<Traffic> = {}): Traffic => ({
  load: { kind: 'requests', perDay },
  mix: { input: { mean: 2000, cv: 0 }, output: { mean: 100, cv: 0 }, cachedInput: 0 },
  sharedPrompt: { tokens: 1500, count: 1 },
  shape: FLAT,
  arrivals: { kind: 'poisson' },
  ...change,
});
const RENEWED: CacheRules = { ttl: 300, minTokens: 1024, isStored: false };

/** Share of requests that find their prompt cached, by going through them one at a time. */
function simulatedHits(gap: () => number, prompts: number, { ttl, isStored }: CacheRules, requests: number): number {
  const expires = new Array<number>(prompts).fill(-1);
  const which = randomStream(3, 'which prompt');
  let now = 0;
  let hits = 0;
  for (let i = 0; i < requests; i++) {
    now += gap();
    const prompt = Math.floor(which() * prompts);
    const isHit = (expires[prompt] as number) >= now;
    if (isHit) hits += 1;
    if (!isHit || !isStored) expires[prompt] = now + ttl;
  }
  return hits / requests;
}

describe('a cache with a time to live', () => {
  test.each([
    ['renewed by use', RENEWED],
    ['from its writing', { ...RENEWED, isStored: true }],
  ])('%s: as found request by request', (_, rules) => {
    for (const [perDay, prompts] of [
      [200, 1],
      [1000, 1],
      [1000, 5],
      [20_000, 30],
    ] as const) {
      const sharedPrompt = { tokens: 1500, count: prompts };
      const period = 86_400 / perDay;
      const uniform = randomStream(5, 'gaps');
      const poisson = cacheUse(traffic(perDay, { sharedPrompt }), rules).read / 0.75;
      expect(poisson).toBeCloseTo(
        simulatedHits(() => -Math.log(1 - uniform()) * period, prompts, rules, 300_000),
        2,
      );
      const clockwork = traffic(perDay, { sharedPrompt, arrivals: { kind: 'deterministic' } });
      const regular = cacheUse(clockwork, rules).read / 0.75;
      expect(regular).toBeCloseTo(
        simulatedHits(() => period, prompts, rules, 300_000),
        2,
      );
    }
  });

  test('hour by hour: quiet nights lose what busy days keep', () => {
    const shape = FLAT.map((_, hour) => (hour % 24 < 12 ? 0.1 : 1.9));
    const hits = (rate: number) => 1 - Math.exp(-rate * 300);
    const mean = 500 / 86_400;
    const { read } = cacheUse(traffic(500, { shape }), RENEWED);
    expect(read / 0.75).toBeCloseTo(0.05 * hits(0.1 * mean) + 0.95 * hits(1.9 * mean), 12);
  });

  test('reads more the longer it keeps and the more often it is asked; what it shares is read or written', () => {
    const perDay = fc.double({ min: 1, max: 1e5, noNaN: true });
    const ttl = fc.double({ min: 1, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(perDay, ttl, fc.integer({ min: 1, max: 50 }), fc.boolean(), (rate, time, count, isStored) => {
        const use = (requests: number, seconds: number) =>
          cacheUse(traffic(requests, { sharedPrompt: { tokens: 1500, count } }), {
            ...RENEWED,
            ttl: seconds,
            isStored,
          });
        const { read, written } = use(rate, time);
        expect(read + written).toBeCloseTo(0.75, 12);
        expect(use(2 * rate, time).read).toBeGreaterThanOrEqual(read - 1e-12);
        expect(use(rate, 2 * time).read).toBeGreaterThanOrEqual(read - 1e-12);
      }),
    );
  });

  test('caches nothing shorter than its least prompt', () => {
    const short = traffic(1e5, { sharedPrompt: { tokens: 1023, count: 1 } });
    expect(cacheUse(short, RENEWED)).toEqual({ read: 0, written: 0 });
  });

  test('keeps everything where nothing expires, or no rate is known', () => {
    expect(cacheUse(traffic(1), { ...RENEWED, ttl: Number.POSITIVE_INFINITY })).toEqual({ read: 0.75, written: 0 });
    const share = traffic(1, { load: { kind: 'utilization', share: 0.5 } });
    expect(cacheUse(share, RENEWED)).toEqual({ read: 0.75, written: 0 });
  });
});

describe('sessions', () => {
  const session = {
    turns: { mean: 15, cv: 0 },
    firstInput: 2000,
    addedPerTurn: 1000,
    contextCap: Number.POSITIVE_INFINITY,
    pause: { mean: 60, cv: 0 },
  };
  const { sharedPrompt: _, ...alone } = traffic(1000);

  test('read what the turn before wrote, and write the rest: 119,000 and 16,000 of 135,000 tokens', () => {
    const { read, written } = cacheUse({ ...alone, session }, RENEWED);
    expect(read).toBeCloseTo(119 / 135, 12);
    expect(written).toBeCloseTo(16 / 135, 12);
  });

  test('with pauses beyond the time to live write everything for nothing', () => {
    const slow = { ...session, pause: { mean: 301, cv: 0 } };
    expect(cacheUse({ ...alone, session: slow }, RENEWED)).toEqual({ read: 0, written: 1 });
    const { read } = cacheUse({ ...alone, session: { ...session, pause: { mean: 300, cv: 1 } } }, RENEWED);
    expect(read).toBeCloseTo((1 - Math.exp(-1)) * (119 / 135), 12);
  });

  test('begin uncached while their prompts are too short: of 2,000 and 3,000 tokens here', () => {
    const { read, written } = cacheUse({ ...alone, session }, { ...RENEWED, minTokens: 3500 });
    expect(read).toBeCloseTo((119 - 2 - 3) / 135, 12);
    expect(read + written).toBeCloseTo((135 - 2 - 3) / 135, 12);
  });
});
