import { describe, expect, test } from 'vitest';
import type { StepModel } from '../../src/perf/step-time.ts';
import type { LengthDistribution } from '../../src/scenario/plan.ts';
import type { EngineSpec } from '../../src/serving/engine-spec.ts';
import { erlangC } from '../../src/serving/latency.ts';
import { engineSpec } from '../../src/serving/replica.ts';
import { runReplica } from '../../src/serving/run-replica.ts';
import { closedSource } from '../../src/traffic/closed-source.ts';
import { listSource } from '../../src/traffic/list-source.ts';
import { openSource } from '../../src/traffic/open-source.ts';
import type { RequestSource } from '../../src/traffic/request-source.ts';
import { plainRandom } from '../oracles/plain-replica.ts';
import { shipped } from '../serving/scenario-replica.ts';

/** An engine without a batch, or with one that costs nothing, is a queue of the textbook: whose formulas are exact. */

const SEEDS = [1, 2, 3];

/** Llama 3.1 8B on one L40S, a sequence at a time: a server with one place. */
const ONE_AT_A_TIME: EngineSpec = { ...engineSpec(shipped('chat-8b.yaml').replica), slots: 1 };

const INPUT = 700;

/** Every iteration takes a millisecond, whatever it carries: each of the slots is a server by itself. */
const TICK = 0.001;
const flat: StepModel = {
  combine: 'sum',
  linear: [],
  experts: { count: 1, perToken: 1, parts: 1, skew: 1 },
  attention: { decodeFull: 0, decodeSliding: 0, prefillFull: 0, prefillSliding: 0, prefillKv: 0 },
  allReduce: { calls: 0, latency: 0, perToken: 0 },
  fixedPerIteration: TICK,
  fixedPerSequence: 0,
  eagerFloor: 0,
  scale: 1,
  queries: 1,
};

const servers = (slots: number): EngineSpec => ({
  ...ONE_AT_A_TIME,
  step: flat,
  slots,
  kvBlocks: Number.POSITIVE_INFINITY,
  maxContext: Number.POSITIVE_INFINITY,
});

/** Mean tokens of a geometric answer: so many that one iteration, which an arrival may have to sit out, is nothing. */
const MEAN_OUTPUT = 10_000;

/** Geometric is what exponential is in whole tokens. */
function geometric(seed: number): () => number {
  const random = plainRandom(seed);
  const log = Math.log1p(-1 / MEAN_OUTPUT);
  return () => 1 + Math.floor(Math.log(1 - random()) / log);
}

/** A source whose answers are drawn anew. */
function withOutputs(source: RequestSource, draw: () => number): RequestSource {
  return {
    get nextArrival() {
      return source.nextArrival;
    },
    take(draft) {
      source.take(draft);
      draft.output = draw();
    },
    ended: (tag, time) => source.ended(tag, time),
  };
}

const fixed = (mean: number): LengthDistribution => ({ mean, cv: 0 });

const traffic = (input: number, output: LengthDistribution) => ({
  arrivals: { kind: 'poisson' as const },
  mix: { input: fixed(input), output, cachedInput: 0 },
});

/** What the engine takes for one request that has it for itself. */
function serviceTime(spec: EngineSpec, input: number, output: number): number {
  return runReplica(spec, listSource([{ arrival: 0, input, output }]), { ended: () => {} }).end;
}

/** Mean time from arrival to the first iteration, and the share that waits longer than one iteration. */
function waits(spec: EngineSpec, source: RequestSource): { mean: number; share: number } {
  let sum = 0;
  let waited = 0;
  const { completed } = runReplica(spec, source, {
    ended: ({ arrival, scheduled }) => {
      sum += scheduled - arrival;
      if (scheduled - arrival > TICK) waited += 1;
    },
  });
  return { mean: sum / completed, share: waited / completed };
}

const off = (value: number, expected: number) => Math.abs(value / expected - 1);

describe('one server, requests of one length: M/D/1', { timeout: 300_000 }, () => {
  const output = 60;
  const service = serviceTime(ONE_AT_A_TIME, INPUT, output);

  // Erlang 1909: rho D / (2 (1 - rho)).
  test.each([
    [0.3, 1_000_000],
    [0.7, 1_000_000],
    [0.9, 16_000_000],
  ])('the mean wait at a load of %d over %d requests', (load, limit) => {
    const expected = (load * service) / (2 * (1 - load));
    for (const seed of SEEDS) {
      const source = openSource(traffic(INPUT, fixed(output)), load / service, seed, { limit });
      expect(off(waits(ONE_AT_A_TIME, source).mean, expected), `seed ${seed}`).toBeLessThan(0.02);
    }
  });
});

describe('one server, requests of two lengths: M/G/1', { timeout: 60_000 }, () => {
  const lengths = [20, 20, 20, 600];
  const services = lengths.map((output) => serviceTime(ONE_AT_A_TIME, INPUT, output));
  const mean = services.reduce((sum, seconds) => sum + seconds, 0) / services.length;
  const square = services.reduce((sum, seconds) => sum + seconds ** 2, 0) / services.length;

  // Pollaczek and Khinchine: lambda E[S^2] / (2 (1 - rho)).
  test.each([0.3, 0.6, 0.8])('the mean wait at a load of %d', (load) => {
    const output = { mean: 165, cv: 1, draw: { kind: 'list' as const, lengths } };
    const rate = load / mean;
    const { mean: wait } = waits(ONE_AT_A_TIME, openSource(traffic(INPUT, output), rate, 1, { limit: 1_500_000 }));
    expect(off(wait, (rate * square) / (2 * (1 - load)))).toBeLessThan(0.02);
  });
});

describe('servers side by side, answers of geometric length: M/M/c', { timeout: 60_000 }, () => {
  const service = TICK * MEAN_OUTPUT;

  test.each([
    [1, 0.3],
    [1, 0.7],
    [2, 0.7],
    [5, 0.5],
    [5, 0.8],
    [20, 0.8],
    [50, 0.9],
  ])('%d at a load of %d', (slots, load) => {
    const arrivals = openSource(traffic(1, fixed(1)), (slots * load) / service, 4, { limit: 1_000_000 });
    const { mean, share } = waits(servers(slots), withOutputs(arrivals, geometric(9)));
    const waiting = erlangC(slots, slots * load);
    expect(off(share, waiting)).toBeLessThan(0.02);
    expect(off(mean, (waiting * service) / (slots * (1 - load)))).toBeLessThan(0.03);
  });
});

describe('users who think, wait for the answer and think again', { timeout: 60_000 }, () => {
  const output = 40;
  const demand = serviceTime(ONE_AT_A_TIME, INPUT, output);

  /** Requests a second over a whole run, and the mean time to answer one. */
  function closedLoop(spec: EngineSpec, source: RequestSource): { perSecond: number; response: number } {
    let sum = 0;
    const totals = runReplica(spec, source, {
      ended: ({ arrival, finish }) => {
        sum += finish - arrival;
      },
    });
    return { perSecond: totals.completed / totals.end, response: sum / totals.completed };
  }

  const users = [1, 2, 5, 8, 11, 15, 40];
  const think = 10 * demand;

  // Nobody meets anybody as long as there is room for all, and nobody is ever idle once there is not.
  test.each(users)('%d with a fixed time to think reach the asymptotic bound', (count) => {
    const source = closedSource(traffic(INPUT, fixed(output)), count, { mean: think, cv: 0 }, 1, { limit: 40_000 });
    const { perSecond, response } = closedLoop(ONE_AT_A_TIME, source);
    expect(off(perSecond, Math.min(count / (demand + think), 1 / demand))).toBeLessThan(0.002);
    expect(off(response, count / perSecond - think)).toBeLessThan(0.01);
  });

  test.each(users)('%d with a random one stay between the bounds', (count) => {
    const source = closedSource(traffic(INPUT, fixed(output)), count, { mean: think, cv: 1 }, 1, { limit: 100_000 });
    const { perSecond, response } = closedLoop(ONE_AT_A_TIME, source);
    expect(perSecond).toBeLessThan(Math.min(count / (demand + think), 1 / demand) * 1.01);
    expect(perSecond).toBeGreaterThan((count / (count * demand + think)) * 0.99);
    expect(off(response + think, count / perSecond)).toBeLessThan(0.005);
  });

  // Reiser and Lavenberg 1980, mean value analysis: R(n) = S (1 + Q(n - 1)).
  test.each(users)('%d of them, answers of geometric length: mean value analysis', (count) => {
    const service = TICK * MEAN_OUTPUT;
    const pause = 8 * service;
    let queue = 0;
    let response = 0;
    for (let n = 1; n <= count; n++) {
      response = service * (1 + queue);
      queue = (n * response) / (response + pause);
    }
    const users = closedSource(traffic(1, fixed(1)), count, { mean: pause, cv: 1 }, 3, { limit: 200_000 });
    const found = closedLoop(servers(1), withOutputs(users, geometric(5)));
    expect(off(found.perSecond, count / (response + pause))).toBeLessThan(0.01);
    expect(off(found.response, response)).toBeLessThan(0.02);
  });
});
