import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyEnded } from '../../src/serving/run-records.ts';
import { simulateEnvelope } from '../../src/serving/simulated-envelope.ts';
import { Throughput } from '../../src/serving/throughput.ts';
import { shipped } from './scenario-replica.ts';

/** Waves of so many, each 10 s after the other, whose ends take a share of that time. */
function waves(size: number, count: number, spread: number, most = size) {
  const throughput = new Throughput(size * count, most);
  for (let i = 0; i < size * count; i++) {
    const place = i % size;
    const finish = 10 * (1 + Math.floor(i / size)) + (10 * spread * place) / size;
    throughput.ended({ ...emptyEnded(), finish, waited: finish - 10 });
  }
  return throughput.rates();
}

test('waves of ends are counted whole, at once or drawn out, whatever their size', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 1500 }),
      fc.integer({ min: 8, max: 20 }),
      fc.constantFrom(0, 0.1, 0.5, 1),
      (size, count, spread) => {
        const { perSecond, running } = waves(size, count, spread);
        expect(perSecond).toBeCloseTo(size / 10, 9);
        expect(running).toBeCloseTo(size, 6);
      },
    ),
  );
});

test('below the batch limit a wave is as many as run, to what their own count is known', () => {
  expect(Math.abs(waves(700, 12, 0.3, 2000).perSecond / 70 - 1)).toBeLessThan(0.03);
});

test.each([300, 700, 1000])('a static replica works off batches of %d at the rate of one of them', (batch) => {
  const { plan, replica } = shipped('chat-8b.yaml', {
    serving: { gpu: 'h200-sxm-141gb', max_batch: batch, scheduling: { policy: 'static', batch, max_wait: '2 s' } },
    capacity: { rent: { id: undefined, price: '3 USD/h' } },
    traffic: { input_tokens: 200, output_tokens: 100 },
    slo: { ttft_p95: undefined, tpot_p95: undefined },
  });
  const { saturation } = simulateEnvelope(replica, { ...plan.traffic, slo: [] }, 0);
  const one = saturation.running / saturation.requestsPerSecond;
  expect(saturation.running).toBeCloseTo(batch, 6);
  const half = simulateEnvelope(replica, { ...plan.traffic, slo: [] }, 5).saturation;
  expect(half.running / half.requestsPerSecond).toBeCloseTo(one, 9);
});
