import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndedRequest, EngineSpec, RunTotals } from '../../src/serving/engine-spec.ts';
import { engineSpec } from '../../src/serving/replica.ts';
import { runReplica } from '../../src/serving/run-replica.ts';
import { type ListedRequest, listSource } from '../../src/traffic/list-source.ts';
import { planOf, scenario } from '../acceptance/fixtures.ts';
import { POLICIES, type PolicyName, underPolicy } from '../serving/policies.ts';
import { runServed, saturationOf, served, shipped } from '../serving/scenario-replica.ts';

/** Saturation of each policy, found once; conversations wait for themselves, so theirs is taken from the prefix cache's. */
const saturations = new Map<PolicyName, number>();
function saturation(name: PolicyName): number {
  const asked = name === 'conversations' ? 'prefix cache' : name;
  const found = saturations.get(asked) ?? saturationOf(underPolicy(asked), 3000);
  saturations.set(asked, found);
  return found;
}

interface Seen {
  totals: RunTotals;
  requests: EndedRequest[];
}

function run(name: PolicyName, share: number, requests: number, seed = 1): Seen {
  const seen: EndedRequest[] = [];
  const totals = runServed(
    underPolicy(name),
    { rate: share * saturation(name), requests, seed },
    { ended: (request) => seen.push({ ...request }) },
  );
  return { totals, requests: seen };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const sojourn = (requests: readonly EndedRequest[]) => sum(requests.map(({ arrival, finish }) => finish - arrival));

describe("Little's law: the number in the system is the arrival rate times the time spent there", () => {
  test.each(POLICIES.flatMap((name) => [0.3, 0.7, 0.95].map((share) => [name, share] as const)))(
    '%s at %d of saturation',
    (name, share) => {
      const { totals, requests } = run(name, share, 20_000);
      const inSystem = (totals.runningSeconds + totals.waitingSeconds) / totals.end;
      const rate = requests.length / totals.end;
      const time = sojourn(requests) / requests.length;
      // Between its two pools a request is on the network, and neither waits nor runs: microseconds to milliseconds.
      expect(Math.abs(inSystem / (rate * time) - 1)).toBeLessThan(name === 'disaggregated' ? 0.005 : 1e-9);
    },
  );

  test('over a long run, at the rate that was asked for', () => {
    const rate = 0.7 * saturation('chunked');
    const { totals, requests } = run('chunked', 0.7, 400_000);
    const inSystem = (totals.runningSeconds + totals.waitingSeconds) / totals.end;
    expect(Math.abs(inSystem / (rate * (sojourn(requests) / requests.length)) - 1)).toBeLessThan(0.005);
  });
});

describe('nothing is lost', () => {
  test.each(POLICIES)('%s: requests, tokens, order and time', (name) => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1.5, noNaN: true }), fc.nat(1e6), (share, seed) => {
        const { totals, requests } = run(name, share, 400, seed);
        expect(totals.offered).toBe(totals.completed + totals.refused + totals.unfinished);
        expect(totals.completed).toBe(requests.length);
        expect(totals.outputTokens).toBe(sum(requests.map(({ output }) => output)));
        let before = 0;
        for (const { arrival, scheduled, firstToken, finish } of requests) {
          expect(arrival <= scheduled && scheduled < firstToken && firstToken <= finish).toBe(true);
          expect(finish).toBeGreaterThanOrEqual(before);
          before = finish;
        }
        expect(totals.end).toBeGreaterThanOrEqual(before);
        expect(totals.peakBlocks).toBeLessThanOrEqual(underPolicy(name).replica.engine.kvBlocks);
        expect(totals.promptSeconds).toBeLessThanOrEqual(totals.busySeconds * (1 + 1e-12));
      }),
      { numRuns: 25 },
    );
  });

  test.each(POLICIES)('%s: the same seed gives the same bytes, another does not', (name) => {
    const bytes = (seed: number) => JSON.stringify(run(name, 0.8, 500, seed));
    expect(bytes(3)).toBe(bytes(3));
    expect(bytes(4)).not.toBe(bytes(3));
  });

  test.each(POLICIES)('%s: cutting a run off changes nothing that ended before', (name) => {
    const whole = run(name, 0.8, 500).requests;
    const until = (whole[250] as EndedRequest).finish;
    const part: EndedRequest[] = [];
    const totals = runServed(
      underPolicy(name),
      { rate: 0.8 * saturation(name), requests: 500 },
      { ended: (request) => part.push({ ...request }) },
      { until },
    );
    expect(totals.unfinished).toBe(totals.offered - totals.completed - totals.refused);
    const ended = whole.filter(({ finish }) => finish <= until);
    // To rounding only: a run is cut at an iteration, so a leap may be taken in two.
    const times = (requests: readonly EndedRequest[]) =>
      requests.slice(0, ended.length).map(({ tag, finish }) => [tag, finish]);
    for (const [i, [tag, finish]] of times(part).entries()) {
      expect(tag).toBe(ended[i]?.tag);
      expect(Math.abs(Number(finish) / Number(ended[i]?.finish) - 1)).toBeLessThan(1e-9);
    }
    expect(part.length).toBeGreaterThanOrEqual(ended.length);
  });
});

/**
 * More of anything, the same requests at the same times: on these workloads the last answer comes no later and the mean
 * answer no later. This is a rule and not a theorem: another batch forms, so single requests may come later (Graham's
 * anomalies), and a wider search than this one, of small runs under every policy, found whole runs that do. More KV
 * made the last answer up to 1.4 % later, a faster GPU the mean answer up to 3.6 % (with a prefix cache, where one
 * preemption brings on the next). The last test below shows a case in which more room is a good deal slower, and why.
 */
describe('more bandwidth, compute or cache is not slower, as a rule', () => {
  const HAIR = 0.003;
  const requests = fc
    .array(
      fc.record({
        gap: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.4, noNaN: true })),
        input: fc.integer({ min: 1, max: 6000 }),
        output: fc.integer({ min: 1, max: 300 }),
      }),
      { minLength: 150, maxLength: 250 },
    )
    .map((list): ListedRequest[] => {
      let arrival = 0;
      return list.map(({ gap, input, output }) => {
        arrival += gap;
        return { arrival, input, output };
      });
    });
  const factor = fc.constantFrom(1.25, 1.5, 2, 4);

  function outcome(spec: EngineSpec, list: readonly ListedRequest[]): { end: number; mean: number } {
    const times: number[] = [];
    const totals = runReplica(spec, listSource(list), { ended: ({ arrival, finish }) => times.push(finish - arrival) });
    expect(times).toHaveLength(list.length);
    return { end: totals.end, mean: sum(times) / times.length };
  }

  const base = { replicas: 1 };
  const spec = (times: { bandwidth?: number; flops?: number }) => {
    const gpu = {
      dense_flops: { bf16: `${312 * (times.flops ?? 1)} TFLOP/s` },
      memory: { marketed: '40 GB' },
      memory_bandwidth: `${1.5 * (times.bandwidth ?? 1)} TB/s`,
    };
    const raw = scenario({ model: 'llama-3.1-8b', serving: { ...base, gpu, engine: 'vllm', weights: 'bf16' } });
    return engineSpec(served(planOf(raw)).replica);
  };

  test.each([
    ['bandwidth', (by: number) => spec({ bandwidth: by })],
    ['compute', (by: number) => spec({ flops: by })],
    ['both', (by: number) => spec({ bandwidth: by, flops: by })],
  ])('%s', (_, faster) => {
    const slow = spec({});
    const known = new Map([1.25, 1.5, 2, 4].map((by) => [by, faster(by)]));
    fc.assert(
      fc.property(requests, factor, (list, by) => {
        const [before, after] = [outcome(slow, list), outcome(known.get(by) as EngineSpec, list)];
        expect(after.end).toBeLessThanOrEqual(before.end * (1 + 1e-12));
        expect(after.mean).toBeLessThanOrEqual(before.mean * (1 + HAIR));
      }),
      { numRuns: 150 },
    );
  });

  test('KV room that a burst fills', () => {
    const roomy = spec({});
    fc.assert(
      fc.property(requests, factor, fc.integer({ min: 450, max: 900 }), (list, by, kvBlocks) => {
        const tight = outcome({ ...roomy, kvBlocks }, list);
        const loose = outcome({ ...roomy, kvBlocks: Math.floor(by * kvBlocks) }, list);
        expect(loose.end).toBeLessThanOrEqual(tight.end * (1 + 1e-12));
        expect(loose.mean).toBeLessThanOrEqual(tight.mean * (1 + HAIR));
      }),
      { numRuns: 150 },
    );
  });
});

describe('where more KV room is slower', () => {
  // One at a time n prompts of P seconds end at P, 2P, ... nP: (n + 1)/2 on average. All in, they decode after nP.
  test('prompts run whole hold up decoding, so a burst that fits is answered later on average', () => {
    const { replica } = underPolicy('whole');
    const list = Array.from({ length: 10 }, (): ListedRequest => ({ arrival: 0, input: 8000, output: 2 }));
    const mean = (kvBlocks: number) => {
      const times: number[] = [];
      runReplica({ ...engineSpec(replica), kvBlocks }, listSource(list), { ended: ({ finish }) => times.push(finish) });
      return sum(times) / times.length;
    };
    const one = 8016 / replica.engine.blockTokens;
    expect(mean(10 * one) / mean(one)).toBeGreaterThan(1.6);
    expect(mean(10 * one) / mean(one)).toBeLessThan(20 / 11);
  });
});

describe('a load beyond saturation', () => {
  test.each(['chat-8b.yaml', 'support-chat-70b.yaml'])('%s: the wait grows with the run, below it does not', (file) => {
    const each = shipped(file);
    const rate = saturationOf(each, 6000);
    const waits = (share: number, requests: number) => {
      const seen: number[] = [];
      runServed(
        each,
        { rate: share * rate, requests },
        { ended: ({ arrival, scheduled }) => seen.push(scheduled - arrival) },
      );
      return sum(seen.slice(-requests / 4)) / (requests / 4);
    };
    expect(waits(1.1, 20_000) / waits(1.1, 10_000)).toBeGreaterThan(1.7);
    expect(waits(0.85, 20_000) / waits(0.85, 10_000)).toBeLessThan(1.3);
  });
});
