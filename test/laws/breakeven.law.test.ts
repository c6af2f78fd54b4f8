import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VolumeInterval } from '../../src/analysis/breakeven.ts';
import { comparison, merge, metric, type Raw, runWith } from '../acceptance/fixtures.ts';

/** A service whose own cost climbs in steps with its volume. */
const service = fc.record({
  rent: fc.record({
    price: fc.integer({ min: 1, max: 9 }).map((usd) => `${usd} USD/h`),
    gpus_per_instance: fc.constantFrom(1, 2, 4, 8),
  }),
  reliability: fc.constantFrom<Raw>(
    {},
    { availability: '99.9 %', replica_availability: 0.99 },
    { zones: 3, replica_availability: 1 },
    { zones: 5, availability: '99.9 %', replica_availability: 0.95 },
  ),
  people: fc.constantFrom<Raw>({}, { setup: '9000 USD', hours_per_month: 20, rate: '90 USD/h' }),
  overheads: fc.constantFrom<unknown>('none', { observability: 'typical' }),
  shape: fc.constantFrom('constant', 'chat'),
  measured: fc.integer({ min: 200, max: 5000 }),
  /** The API's price over the own one at the volume the service was tried at. */
  dearer: fc.double({ min: 0.5, max: 2.5, noNaN: true }),
  /** Volumes to check, in replicas' worth. */
  volumes: fc.array(fc.double({ min: 0.01, max: 30, noNaN: true }), { minLength: 5, maxLength: 5 }),
});

const inside = (volume: number, intervals: readonly VolumeInterval[]) =>
  intervals.some(([from, to]) => volume > from && volume < (to ?? Number.POSITIVE_INFINITY));

/** Whether a volume lies on an edge, where rounding decides. */
const onEdge = (volume: number, intervals: readonly VolumeInterval[]) =>
  intervals.flat().some((edge) => edge !== null && Math.abs(edge - volume) < 1e-6 * volume);

describe('break-even volumes', { timeout: 60_000 }, () => {
  test('self-hosting is cheaper inside them and nowhere else, by running each volume', () => {
    fc.assert(
      fc.property(service, (drawn) => {
        const { rent, reliability, people, overheads, shape, measured } = drawn;
        const replicaTokensPerDay = (measured * 86_400 * 1300) / 300;
        const at = (replicas: number, change: Raw = {}) =>
          runWith(
            merge(
              {
                serving: { replicas: 'auto', measured: { output_tokens_per_second: measured } },
                traffic: { shape, tokens_per_day: replicas * replicaTokensPerDay },
                capacity: { rent },
                reliability,
                people,
                overheads,
              },
              change,
            ),
          );
        const price = drawn.dearer * metric(at(2), 'usd_per_mtok_total');
        const offer = { name: 'API', input: `${price} USD/Mtok`, output: `${price} USD/Mtok` };
        const intervals = comparison(at(2, { compare: [offer] })).breakeven_tokens_per_month;
        for (const [index, [from, to]] of intervals.entries()) {
          expect(to ?? Number.POSITIVE_INFINITY).toBeGreaterThan(from);
          expect(from).toBeGreaterThanOrEqual(intervals[index - 1]?.[1] ?? 0);
        }
        for (const replicas of drawn.volumes) {
          const volume = (replicas * replicaTokensPerDay * 730) / 24;
          if (onEdge(volume, intervals)) continue;
          const result = at(replicas, { compare: [offer] });
          const own = metric(result, 'cost_usd_per_month');
          expect(own < comparison(result).usd_per_month).toBe(inside(volume, intervals));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('the same where a given fleet sends its overflow to an API', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 3, noNaN: true }),
        fc.double({ min: 0.2, max: 3, noNaN: true }),
        fc.constantFrom('constant', 'chat', 'nightly'),
        fc.array(fc.double({ min: 0.05, max: 5, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (dear, overflowPrice, shape, loads) => {
          const own = (2.69 * 1300) / 3.6e6 / 5000 / 300;
          const usd = (factor: number) => `${factor * own * 1e12 * 0.3} USD/Mtok`;
          const compare = [
            { name: 'judged', input: usd(dear), output: usd(dear) },
            { name: 'burst', input: usd(overflowPrice), output: usd(overflowPrice), baseline: true },
          ];
          const at = (load: number) =>
            runWith({
              serving: { replicas: 1, measured: { output_tokens_per_second: 5000 } },
              traffic: { shape, overflow: 'api', tokens_per_day: load * 5000 * 86_400 * (1300 / 300) },
              compare,
            });
          const intervals = comparison(at(1)).breakeven_tokens_per_month;
          for (const load of loads) {
            const result = at(load);
            const volume = metric(result, 'input_tokens_per_month') + metric(result, 'output_tokens_per_month');
            if (onEdge(volume, intervals)) continue;
            const cheaper = metric(result, 'cost_usd_per_month') < comparison(result).usd_per_month;
            expect(inside(volume, intervals), `${volume} in ${JSON.stringify(intervals)}`).toBe(cheaper);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('have no gap where a fleet that pays fills up and the rest goes to the same API', () => {
    const compare = [{ name: 'API', input: '3 USD/Mtok', output: '3 USD/Mtok', baseline: true }];
    for (const shape of ['office-hours', 'nightly', 'bursty']) {
      for (let rate = 2000; rate < 2020; rate++) {
        const serving = { replicas: 3, measured: { output_tokens_per_second: rate } };
        const result = runWith({ serving, traffic: { shape, overflow: 'api' }, compare });
        expect(comparison(result).breakeven_tokens_per_month).toEqual([[expect.any(Number), null]]);
      }
    }
  });

  test('have no end where thin margins pay only for thousands of replicas', () => {
    const compare = [{ name: 'API', input: '0.35 USD/Mtok', output: '0.35 USD/Mtok' }];
    const people = { hours_per_month: 1_000_000, rate: '100 USD/h' };
    const result = runWith({
      serving: { replicas: 'auto', measured: { output_tokens_per_second: 5000 } },
      compare,
      people,
    });
    const [first] = comparison(result).breakeven_tokens_per_month;
    const ownPerToken = (2.69 / 3600 / 5000) * (300 / 1300);
    expect((first?.[0] ?? 0) / (1e8 / (0.35e-6 - ownPerToken))).toBeCloseTo(1, 3);
    expect(first?.[1]).toBeNull();
  });

  test('the utilisation and the rent at which both cost the same do make them the same', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 30, noNaN: true }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (output, utilization) => {
          const compare = [{ name: 'API', input: '0.1 USD/Mtok', output: `${output} USD/Mtok` }];
          const people = { hours_per_month: 5, rate: '20 USD/h' };
          const at = (share: number, rent = '2.69 USD/h') =>
            runWith({ traffic: { utilization: share }, compare, people, capacity: { rent: { price: rent } } });
          const first = at(utilization);
          const even = comparison(first).breakeven_utilization;
          const rent = comparison(first).horizons[0]?.breakeven_rent_usd_per_gpu_h ?? null;
          if (even !== null) {
            const result = at(even);
            expect(metric(result, 'cost_usd_per_month') / comparison(result).usd_per_month).toBeCloseTo(1, 9);
          } else {
            const full = at(1);
            expect(metric(full, 'cost_usd_per_month')).toBeGreaterThan(comparison(full).usd_per_month);
          }
          if (rent !== null) {
            const result = at(utilization, `${rent} USD/h`);
            expect(metric(result, 'cost_usd_per_month') / comparison(result).usd_per_month).toBeCloseTo(1, 9);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
