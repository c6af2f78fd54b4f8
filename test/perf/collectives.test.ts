import { describe, expect, test } from 'vitest';
import { activationBytes, allReduceCost } from '../../src/perf/collectives.ts';
import { FITTED, H100, IDEAL } from './cards.ts';

const allReduce = { latency: 10e-6, growth: 0.5, link_efficiency: 0.5, collectives: true };
const calibration = { ...FITTED, all_reduce: allReduce };

describe('all-reduce', () => {
  test('one GPU has nobody to talk to, and the ideal engine talks for free', () => {
    expect(allReduceCost(H100, calibration, 1)).toEqual({ latency: 0, perByte: 0 });
    expect(allReduceCost(H100, IDEAL, 8)).toEqual({ latency: 0, perByte: 0 });
  });

  test.each([
    // A ring moves 2(t − 1)/t of the message over half of 450 GB/s.
    [2, 10e-6, 1 / 225e9],
    [4, 15e-6, 1.5 / 225e9],
    [8, 20e-6, 1.75 / 225e9],
  ])('a group of %d', (group, latency, perByte) => {
    const cost = allReduceCost(H100, calibration, group);
    expect(cost.latency).toBeCloseTo(latency, 12);
    expect(cost.perByte / perByte).toBeCloseTo(1, 12);
  });

  test('a group larger than the link joins cannot be', () => {
    const { link: _, ...alone } = H100;
    expect(() => allReduceCost(H100, calibration, 16)).toThrow('groups of at most 8');
    expect(() => allReduceCost(alone, calibration, 2)).toThrow('no link between GPUs');
  });

  test('16 bits an element', () => expect(activationBytes(4, 8192)).toBe(65_536));
});
