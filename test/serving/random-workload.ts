import fc from 'fast-check';
import type { StepModel } from '../../src/perf/step-time.ts';
import type { EngineSpec, SchedulingRule } from '../../src/serving/engine-spec.ts';
import type { PromptContent, RequestSource } from '../../src/traffic/request-source.ts';

/**
 * Small random workloads for one replica, made so that what is rare happens often: caches of a few blocks, bursts,
 * arrivals at the very end of an iteration, requests that never fit, prompts beyond the budget, users who ask again.
 */

/** Numbers that add up exactly in doubles, so that ties are ties; or any, for which they are not. */
export type Grain = 'dyadic' | 'real';

export type Feature = 'reserves' | 'prefix' | 'speculation' | 'priorities';

export interface Policy {
  scheduling: 'chunked' | 'whole' | 'static' | 'disaggregated';
  features: readonly Feature[];
}

/** One question of a user, asked so long after the answer to the one before. */
export interface Question {
  think: number;
  input: number;
  output: number;
  cached: number;
  priority: 0 | 1;
  content: PromptContent;
}

export interface Workload {
  spec: EngineSpec;
  /** What each user asks, one question after the other. */
  users: Question[][];
}

const QUESTIONS_PER_USER = 100;

/** Whether a request's time of arrival was settled before the run. */
export function isFirstQuestion(tag: number): boolean {
  return tag % QUESTIONS_PER_USER === 0;
}

/** Users as a source. Of those who ask at the same time, the first goes first. */
export function scriptedSource(users: readonly (readonly Question[])[]): RequestSource {
  const asks = users.map((questions) => ({ at: 0, time: questions[0]?.think ?? Number.POSITIVE_INFINITY }));
  const source: RequestSource = {
    nextArrival: Number.POSITIVE_INFINITY,
    take(draft) {
      const user = asks.findIndex(({ time }) => time === source.nextArrival);
      const ask = asks[user];
      const question = users[user]?.[ask?.at ?? 0];
      if (ask === undefined || question === undefined) throw new Error('nobody asks');
      const { think: _, content, ...rest } = question;
      Object.assign(draft, rest, content, { arrival: ask.time, tag: user * QUESTIONS_PER_USER + ask.at });
      ask.time = Number.POSITIVE_INFINITY;
      update();
    },
    ended(tag, time) {
      const user = Math.floor(tag / QUESTIONS_PER_USER);
      const ask = asks[user];
      if (ask === undefined || ask.at !== tag % QUESTIONS_PER_USER || ask.time !== Number.POSITIVE_INFINITY) {
        throw new Error(`question ${tag} was not open`);
      }
      ask.at += 1;
      const next = users[user]?.[ask.at];
      if (next !== undefined) ask.time = time + next.think;
      update();
    },
  };
  function update() {
    source.nextArrival = Math.min(Number.POSITIVE_INFINITY, ...asks.map(({ time }) => time));
  }
  update();
  return source;
}

/** From 0 to `most` units: whole ones, or any. */
function amount(grain: Grain, most: number, unit: number): fc.Arbitrary<number> {
  const units = grain === 'dyadic' ? fc.nat({ max: most }) : fc.double({ min: 0, max: most, noNaN: true });
  return units.map((value) => value * unit);
}

function stepModel(grain: Grain): fc.Arbitrary<StepModel> {
  const use = fc.constantFrom('every_token' as const, 'emitted' as const, 'routed' as const);
  const linear = fc.record({
    use,
    memorySeconds: amount(grain, 8, 2 ** -6),
    secondsPerToken: amount(grain, 4, 2 ** -9),
    bytes: fc.constant(0),
    flopPerToken: fc.constant(0),
  });
  const plain = fc.record({
    combine: fc.constantFrom('max' as const, 'sum' as const),
    linear: fc.array(linear, { maxLength: 3 }),
    experts: fc.constant({ count: 1, perToken: 1, parts: 1, skew: 1 }),
    attention: fc.record({
      decodeFull: amount(grain, 4, 2 ** -12),
      decodeSliding: amount(grain, 4, 2 ** -12),
      decodeSequence: amount(grain, 4, 2 ** -9),
      prefillFull: amount(grain, 4, 2 ** -13),
      prefillSliding: amount(grain, 4, 2 ** -13),
      prefillToken: amount(grain, 4, 2 ** -12),
      prefillKv: amount(grain, 4, 2 ** -12),
    }),
    allReduce: fc.record({
      calls: fc.nat({ max: 2 }),
      ways: fc.array(fc.record({ latency: amount(grain, 4, 2 ** -8), perToken: amount(grain, 4, 2 ** -11) }), {
        maxLength: 2,
      }),
    }),
    fixedPerIteration: amount(grain, 8, 2 ** -6).map((seconds) => seconds + 2 ** -6),
    fixedPerSequence: amount(grain, 2, 2 ** -8),
    eagerFloor: amount(grain, 16, 2 ** -6),
    scale: fc.constantFrom(0.5, 1, 2),
    queries: fc.constant(1),
  });
  return fc.tuple(plain, fc.option(lanes(grain), { nil: undefined })).map(([step, parallel]) => ({
    ...step,
    ...(parallel === undefined ? {} : { parallel }),
  }));
}

/** Ranks and stages beside the rest, which share sequences in parts that have no exact sums. */
function lanes(grain: Grain): fc.Arbitrary<NonNullable<StepModel['parallel']> | undefined> {
  if (grain === 'dyadic') return fc.constant(undefined);
  return fc.record({
    lanes: fc.record({
      ranks: fc.constantFrom(1, 2, 3),
      stages: fc.constantFrom(1, 2, 3),
      promptGrain: fc.nat({ max: 40 }),
    }),
    exchange: fc.constant({ layers: 1, ways: [{ latency: 2 ** -8, perRankToken: 2 ** -12, perToken: 2 ** -13 }] }),
    handOver: fc.constant({ times: 1, latency: 2 ** -9, perToken: 2 ** -12 }),
    hostPerIteration: fc.constant(2 ** -7),
    stages: fc.constant([]),
  });
}

/** Every iteration takes as long as any other, so that all events lie on one grid. */
const metronome: fc.Arbitrary<StepModel> = fc.constantFrom(1, 2, 4).map((units) => ({
  combine: 'sum',
  linear: [],
  experts: { count: 1, perToken: 1, parts: 1, skew: 1 },
  attention: {
    decodeFull: 0,
    decodeSliding: 0,
    decodeSequence: 0,
    prefillFull: 0,
    prefillSliding: 0,
    prefillToken: 0,
    prefillKv: 0,
  },
  allReduce: { calls: 0, ways: [] },
  fixedPerIteration: units * 2 ** -6,
  fixedPerSequence: 0,
  eagerFloor: 0,
  scale: 1,
  queries: 1,
}));

/** Layers that slide cost nothing where no window says that there are any. */
function withinWindow(step: StepModel, window: number): StepModel {
  if (window !== Number.POSITIVE_INFINITY) return step;
  return { ...step, attention: { ...step.attention, decodeSliding: 0, prefillSliding: 0 } };
}

function speculation(grain: Grain): fc.Arbitrary<{ depth: number; tokensPerPass: number; draftPasses: number }> {
  return fc
    .tuple(
      fc.integer({ min: 1, max: 3 }),
      grain === 'dyadic'
        ? fc.nat({ max: 8 }).map((eighths) => eighths / 8)
        : fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat({ max: 4 }),
    )
    .map(([depth, accepted, quarters]) => ({ depth, tokensPerPass: 1 + accepted * depth, draftPasses: quarters / 4 }));
}

const NOBODYS: PromptContent = {
  shared: -1,
  sharedTokens: 0,
  session: -1,
  sessionTokens: Number.POSITIVE_INFINITY,
  blockIds: undefined,
  blockIdTokens: 0,
};

/** Names as a trace has them: what a block is called says where it stands, so none comes twice in a prompt. */
const blockIds = fc
  .array(fc.nat({ max: 1 }), { maxLength: 6 })
  .map((choices) => choices.map((choice, j) => 2 * j + choice));

const content = fc.record({
  shared: fc.integer({ min: -1, max: 1 }),
  sharedTokens: fc.nat({ max: 24 }),
  session: fc.integer({ min: -1, max: 2 }),
  sessionTokens: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 48 })),
  trace: fc.option(blockIds, { freq: 3, nil: undefined }),
});

const longOrShort = (short: number, long: number) =>
  fc.oneof(
    { arbitrary: fc.constant(1), weight: 1 },
    { arbitrary: fc.integer({ min: 1, max: short }), weight: 4 },
    { arbitrary: fc.integer({ min: 1, max: long }), weight: 2 },
  );

/** Sizes of a workload: of a block, of a block that a trace names, of everything. */
interface Sizes {
  blockTokens: number;
  blockIdTokens: number;
  scale: number;
}

function question(grain: Grain, policy: Policy, { blockIdTokens, scale }: Sizes): fc.Arbitrary<Question> {
  const has = (feature: Feature) => policy.features.includes(feature);
  return fc
    .record({
      think: fc.oneof(fc.constant(0), amount(grain, 24, 2 ** -6), amount(grain, 96, 2 ** -6)),
      input: longOrShort(8 * scale, 40 * scale),
      output: longOrShort(6 * scale, 12 * scale),
      cachedShare: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
      priority: has('priorities') ? fc.constantFrom(0 as const, 1 as const) : fc.constant(0 as const),
      named: has('prefix') ? content : fc.constant(undefined),
    })
    .map(({ cachedShare, named, ...rest }) => ({
      ...rest,
      cached: Math.floor(cachedShare * rest.input),
      content:
        named === undefined
          ? NOBODYS
          : {
              shared: named.shared,
              sharedTokens: named.shared < 0 ? 0 : Math.min(named.sharedTokens, rest.input),
              session: named.session,
              sessionTokens: named.sessionTokens,
              blockIds: named.trace,
              blockIdTokens: named.trace === undefined ? 0 : blockIdTokens,
            },
    }));
}

function schedulingRule(grain: Grain, policy: Policy): fc.Arbitrary<SchedulingRule> {
  switch (policy.scheduling) {
    case 'chunked':
    case 'whole':
      return fc.constant({ kind: 'continuous', prefill: policy.scheduling });
    case 'static':
      return fc.record({
        kind: fc.constant('static' as const),
        batch: fc.integer({ min: 1, max: 6 }),
        maxWait: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), amount(grain, 24, 2 ** -6)),
      });
    case 'disaggregated':
      return fc.record({
        kind: fc.constant('disaggregated' as const),
        prefillInstances: fc.integer({ min: 1, max: 3 }),
        decodeInstances: fc.integer({ min: 1, max: 3 }),
        transfer: fc.record({
          latency: amount(grain, 4, 2 ** -6),
          perToken: amount(grain, 4, 2 ** -9),
          perWindowToken: amount(grain, 4, 2 ** -9),
        }),
      });
  }
}

/** The cache: as large as the longest request that is to fit needs, and a little more. */
const cacheSize = fc.record({
  tooLong: fc.constantFrom(0, 0, 0, 1, 2),
  more: fc.oneof(
    { arbitrary: fc.nat({ max: 2 }), weight: 6 },
    { arbitrary: fc.nat({ max: 12 }), weight: 2 },
    { arbitrary: fc.constant(Number.POSITIVE_INFINITY), weight: 1 },
  ),
});

function kvBlocks(
  spec: Omit<EngineSpec, 'kvBlocks'>,
  users: readonly (readonly Question[])[],
  size: { tooLong: number; more: number },
): number {
  const needs = users
    .flat()
    .map(
      ({ input, output }) =>
        Math.ceil((input + output - 1 + spec.speculativeDepth) / spec.blockTokens) + spec.stateBlocks,
    )
    .sort((a, b) => b - a);
  return (needs[Math.min(size.tooLong, needs.length - 1)] ?? 1) + size.more;
}

function workloadOf(grain: Grain, policy: Policy, sizes: Sizes): fc.Arbitrary<Workload> {
  const has = (feature: Feature) => policy.features.includes(feature);
  const { blockTokens, scale } = sizes;
  const still = fc.constant({ depth: 0, tokensPerPass: 1, draftPasses: 0 });
  return fc
    .record({
      step: grain === 'dyadic' ? fc.oneof(metronome, stepModel(grain)) : stepModel(grain),
      draft: stepModel(grain),
      guess: has('speculation') ? speculation(grain) : still,
      slots: fc.integer({ min: 1, max: 6 }),
      moreBudget: fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 48 })),
      window: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 24 * scale })),
      scheduling: schedulingRule(grain, policy),
      size: cacheSize,
      users: fc.array(fc.array(question(grain, policy, sizes), { minLength: 1, maxLength: 3 }), {
        minLength: 1,
        maxLength: scale === 1 ? 7 : 12,
      }),
    })
    .map(({ step, draft, guess, slots, moreBudget, window, scheduling, size, users }) => {
      const proposing = { passes: guess.draftPasses, model: withinWindow(draft, window) };
      const spec = {
        step: {
          ...withinWindow(step, window),
          queries: guess.depth + 1,
          ...(guess.draftPasses > 0 ? { draft: proposing } : {}),
        },
        slots,
        tokenBudget: slots * (1 + guess.depth) + moreBudget,
        blockTokens,
        // Some models keep a state beside the cache.
        stateBlocks: users.length % 3 === 2 ? 2 : 0,
        // Some models have a context that a few requests overrun.
        maxContext: users.length % 4 === 3 ? 24 : Number.POSITIVE_INFINITY,
        window,
        reservesLongest: has('reserves'),
        scheduling,
        prefixCache: has('prefix'),
        speculativeDepth: guess.depth,
        tokensPerPass: guess.tokensPerPass,
      };
      return { spec: { ...spec, kvBlocks: kvBlocks(spec, users, size) }, users };
    });
}

/** Workloads of up to a score of requests, now and then with texts several times as long. */
export function workload(grain: Grain, policy: Policy): fc.Arbitrary<Workload> {
  const sized = (scale: number, ...blockTokens: number[]) =>
    fc
      .tuple(fc.constantFrom(...blockTokens), fc.constantFrom(1, 2, 4, 1.5))
      .chain(([block, perId]) =>
        workloadOf(grain, policy, { blockTokens: block, blockIdTokens: perId * block, scale }),
      );
  return fc.oneof(
    { arbitrary: sized(1, 1, 2, 4, 16), weight: 94 },
    { arbitrary: sized(5, 1, 2, 4, 16), weight: 5 },
    { arbitrary: sized(20, 16), weight: 1 },
  );
}
