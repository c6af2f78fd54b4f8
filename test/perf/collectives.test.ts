import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { activationBytes, allReduceWays, callLatency } from '../../src/perf/collectives.ts';
import type { CalibrationCard } from '../../src/schema/engine.ts';
import { FITTED, gpuCard, H100, IDEAL } from './cards.ts';

const calibration: CalibrationCard = {
  ...FITTED,
  generations: {},
  all_reduce: {
    latency: 10e-6,
    growth: 0.5,
    one_shot_growth: 0.1,
    in_switch_latency: 30e-6,
    link_efficiency: 0.5,
    collectives: true,
  },
};
const fastest = (gpu: typeof H100, group: number, bytes: number) =>
  Math.min(...allReduceWays(gpu, calibration, group).map(({ latency, perByte }) => latency + perByte * bytes));
const PCIE = gpuCard('l40s');
const MESH = gpuCard('mi300x');
const NVLINK_3 = gpuCard('a100-sxm4-80gb');

describe('all-reduce', () => {
  test('one GPU has nobody to talk to, and the ideal engine talks for free', () => {
    expect(allReduceWays(H100, calibration, 1)).toEqual([]);
    expect(allReduceWays(H100, IDEAL, 8)).toEqual([]);
    expect(callLatency(H100, calibration, 1)).toBe(0);
  });

  test.each([
    // Two steps move 2(t − 1)/t of the message over half of 450 GB/s, one shot t − 1 times it, the switch 1 + 1/t.
    [2, [10e-6, 10e-6, 30e-6], [1, 1, 1.5]],
    [4, [15e-6, 11e-6, 30e-6], [1.5, 3, 1.25]],
    [8, [20e-6, 12e-6, 30e-6], [1.75, 7, 1.125]],
  ])('a group of %d behind a switch that adds up', (group, latencies, messages) => {
    allReduceWays(H100, calibration, group).forEach(({ latency, perByte }, i) => {
      expect(latency).toBeCloseTo(latencies[i] ?? Number.NaN, 12);
      expect((perByte * 225e9) / (messages[i] ?? Number.NaN)).toBeCloseTo(1, 12);
    });
  });

  test('small messages go in one shot, middling ones in two steps, large ones through the switch', () => {
    const [two, one, inSwitch] = allReduceWays(H100, calibration, 8);
    const at = (bytes: number) => [two, one, inSwitch].map((way) => (way?.latency ?? 0) + (way?.perByte ?? 0) * bytes);
    const best = (bytes: number) => at(bytes).indexOf(Math.min(...at(bytes)));
    // One shot to two steps at 8 us over 5.25 messages, to the switch at 10 us over 0.625: 343 kB and 3.6 MB.
    expect([100e3, 340e3, 345e3, 3.5e6, 3.7e6, 1e9].map(best)).toEqual([1, 1, 0, 0, 2, 2]);
  });

  test('a switch that adds nothing up has two ways, a bus through the host one', () => {
    expect(allReduceWays(NVLINK_3, calibration, 8)).toHaveLength(2);
    expect(allReduceWays(PCIE, calibration, 8)).toHaveLength(1);
  });

  test('in a mesh a pair has its one link: 64 GB/s of 7 x 64', () => {
    const [pair] = allReduceWays(MESH, calibration, 2);
    const [all] = allReduceWays(MESH, calibration, 8);
    expect((pair?.perByte ?? 0) * 0.5 * 64e9).toBeCloseTo(1, 9);
    expect((all?.perByte ?? 0) * 0.5 * 448e9).toBeCloseTo(1.75, 9);
  });

  test('a faster link and a smaller message are never slower', () => {
    const cards = fc.constantFrom(H100, PCIE, MESH, NVLINK_3);
    fc.assert(
      fc.property(cards, fc.constantFrom(2, 4, 8), fc.integer({ min: 1, max: 1e9 }), (gpu, group, bytes) => {
        const link = gpu.link && { ...gpu.link, bandwidth: 2 * gpu.link.bandwidth };
        expect(fastest({ ...gpu, link }, group, bytes)).toBeLessThan(fastest(gpu, group, bytes));
        expect(fastest(gpu, group, bytes + 1)).toBeGreaterThan(fastest(gpu, group, bytes));
      }),
    );
  });

  test('a group larger than the link joins cannot be', () => {
    const { link: _, ...alone } = H100;
    expect(() => allReduceWays(H100, calibration, 16)).toThrow('groups of at most 8');
    expect(() => allReduceWays(alone, calibration, 2)).toThrow('no link between GPUs');
  });

  test('16 bits an element', () => expect(activationBytes(4, 8192)).toBe(65_536));
});
