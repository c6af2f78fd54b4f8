import { describe, expect, test } from 'vitest';
import type { StepModel } from '../../src/perf/step-time.ts';
import type { EngineSpec } from '../../src/serving/engine-spec.ts';
import { runPlainEngine } from '../oracles/plain-engine.ts';
import { type Question, scriptedSource } from './random-workload.ts';

/** Cases small enough to be worked out by hand, for the engine that the fast one is held to. */

const ask = (think: number, input: number, output: number, more: Partial<Question> = {}): Question => ({
  think,
  input,
  output,
  cached: 0,
  priority: 0,
  content: {
    shared: -1,
    sharedTokens: 0,
    session: -1,
    sessionTokens: Number.POSITIVE_INFINITY,
    blockIds: undefined,
    blockIdTokens: 0,
  },
  ...more,
});

const inSession = (think: number, input: number, output: number, session: number) =>
  ask(think, input, output, {
    content: {
      shared: -1,
      sharedTokens: 0,
      session,
      sessionTokens: Number.POSITIVE_INFINITY,
      blockIds: undefined,
      blockIdTokens: 0,
    },
  });

/** Every iteration takes one second. */
const SECONDS: StepModel = {
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
  fixedPerIteration: 1,
  fixedPerSequence: 0,
  eagerFloor: 0,
  scale: 1,
  queries: 1,
};

const SPEC: EngineSpec = {
  step: SECONDS,
  slots: 4,
  tokenBudget: 8,
  blockTokens: 1,
  kvBlocks: 100,
  stateBlocks: 0,
  maxContext: Number.POSITIVE_INFINITY,
  window: Number.POSITIVE_INFINITY,
  reservesLongest: false,
  scheduling: { kind: 'continuous', prefill: 'chunked' },
  prefixCache: false,
  speculativeDepth: 0,
  tokensPerPass: 1,
};

/** Runs users with a question each, or several; requests come back as [user, scheduled, first token, finish]. */
function run(spec: Partial<EngineSpec>, ...users: (Question | Question[])[]) {
  const { ended, totals } = runPlainEngine(
    { ...SPEC, ...spec },
    scriptedSource(users.flatMap((user) => [[user].flat()])),
  );
  const times = ended.map(({ tag, scheduled, firstToken, finish }) => [
    Math.floor(tag / 100),
    scheduled,
    firstToken,
    finish,
  ]);
  return { times, totals, preemptions: ended.map((request) => request.preemptions) };
}

describe('continuous batching', () => {
  test('one request alone pays for its tokens, its context and its window', () => {
    const step: StepModel = {
      ...SECONDS,
      linear: [{ use: 'every_token', memorySeconds: 0, secondsPerToken: 1 / 8, bytes: 0, flopPerToken: 0 }],
      attention: {
        ...SECONDS.attention,
        decodeFull: 1 / 16,
        decodeSliding: 1 / 32,
        prefillFull: 1 / 16,
        prefillSliding: 1 / 32,
        prefillKv: 1 / 16,
      },
    };
    const first = 1 + 3 / 8 + 4.5 / 16 + (2 + 1 * 2) / 32 + 3 / 16;
    const second = first + 1 + 1 / 8 + 4 / 16 + 2 / 32;
    const third = second + 1 + 1 / 8 + 5 / 16 + 2 / 32;
    const { times, totals } = run({ step, window: 2 }, ask(0, 3, 3));
    expect(times).toEqual([[0, 0, first, third]]);
    expect(totals).toMatchObject({ iterations: 3, promptTokens: 3, outputTokens: 3, peakBlocks: 5, end: third });
  });

  test('a request that arrives as an iteration ends joins the next one', () => {
    const { times, totals } = run({}, ask(0, 2, 3), ask(1, 2, 2));
    expect(times).toEqual([
      [0, 0, 1, 3],
      [1, 1, 2, 3],
    ]);
    expect(totals).toMatchObject({ iterations: 3, runningSeconds: 5, busySeconds: 3 });
  });

  test('a prompt beyond the budget takes several iterations, and the next one what it leaves', () => {
    const { times } = run({ tokenBudget: 4 }, ask(0, 2, 4), ask(0, 7, 1), ask(0, 3, 1));
    expect(times).toEqual([
      [1, 0, 3, 3],
      [0, 0, 1, 4],
      [2, 2, 4, 4],
    ]);
  });

  test('where the cache runs out the youngest starts over with what it has emitted', () => {
    const { times, totals, preemptions } = run({ kvBlocks: 6 }, ask(0, 2, 4), ask(0, 2, 4));
    expect(times).toEqual([
      [0, 0, 1, 4],
      [1, 0, 1, 6],
    ]);
    expect(preemptions).toEqual([0, 1]);
    expect(totals).toMatchObject({ preemptions: 1, promptTokens: 8, outputTokens: 8, iterations: 6, peakBlocks: 6 });
  });

  test('where the longest is reserved it waits instead', () => {
    const { times, totals } = run({ kvBlocks: 6, reservesLongest: true }, ask(0, 2, 4), ask(0, 2, 4));
    expect(times).toEqual([
      [0, 0, 1, 4],
      [1, 4, 5, 8],
    ]);
    expect(totals).toMatchObject({ preemptions: 0, peakBlocks: 5 });
  });

  test('whole prompts hold up decoding, and share an iteration only within the budget', () => {
    const whole = { kind: 'continuous', prefill: 'whole' } as const;
    const { times } = run({ tokenBudget: 4, scheduling: whole }, ask(0, 2, 3), ask(0, 3, 1), ask(1, 6, 1));
    expect(times).toEqual([
      [1, 1, 2, 2],
      [2, 2, 3, 3],
      [0, 0, 1, 5],
    ]);
  });

  test('priority 1 gives way to priority 0', () => {
    const { times, preemptions } = run({ slots: 1 }, ask(0, 1, 5, { priority: 1 }), ask(1, 1, 1));
    expect(times).toEqual([
      [1, 1, 2, 2],
      [0, 0, 1, 6],
    ]);
    expect(preemptions).toEqual([0, 1]);
  });

  test('what can never fit is refused, and its user asks again', () => {
    const { times, totals } = run({ kvBlocks: 4 }, [ask(0, 3, 3), ask(2, 3, 2)]);
    expect(times).toEqual([[0, 2, 3, 4]]);
    expect(totals).toMatchObject({ offered: 2, refused: 1, completed: 1 });
  });

  test('a prompt and an answer beyond what the model reads are refused together', () => {
    expect(run({ maxContext: 6 }, ask(0, 4, 2), ask(0, 4, 3)).totals).toMatchObject({ refused: 1, completed: 1 });
  });

  test('cached tokens are not computed', () => {
    const { totals } = run({ tokenBudget: 4 }, ask(0, 9, 1, { cached: 6 }));
    expect(totals).toMatchObject({ promptTokens: 3, cachedTokens: 6, iterations: 1 });
  });
});

describe('speculation', () => {
  test('one and a half tokens a pass come as one, two, one, two', () => {
    const spec = { speculativeDepth: 1, tokensPerPass: 1.5, kvBlocks: 11 };
    const { times, totals } = run(spec, ask(0, 1, 5), ask(0, 1, 4));
    expect(times).toEqual([
      [1, 0, 1, 3],
      [0, 0, 1, 4],
    ]);
    expect(totals).toMatchObject({ outputTokens: 9, iterations: 4, peakBlocks: 8 });
  });

  test('proposals count when it is asked whether a request fits', () => {
    expect(run({ speculativeDepth: 1, kvBlocks: 5 }, ask(0, 1, 5)).totals.refused).toBe(1);
    expect(run({ speculativeDepth: 1, kvBlocks: 6 }, ask(0, 1, 5)).totals.refused).toBe(0);
  });
});

describe('a prefix cache', () => {
  const spec = { prefixCache: true, blockTokens: 2 };

  test('a conversation finds its full blocks again, and always computes its last token', () => {
    const longer = run(spec, [inSession(0, 4, 2, 0), inSession(1, 7, 1, 0)]);
    expect(longer.totals).toMatchObject({ cachedTokens: 4, promptTokens: 4 + 3 });
    const same = run(spec, [inSession(0, 4, 2, 0), inSession(1, 4, 1, 0)]);
    expect(same.totals).toMatchObject({ cachedTokens: 2, promptTokens: 4 + 2 });
  });

  test('a block that nobody uses is evicted, the end of a prompt first', () => {
    const { totals } = run({ ...spec, kvBlocks: 4 }, [
      inSession(0, 4, 2, 0),
      inSession(0, 6, 1, 1),
      inSession(0, 6, 1, 0),
    ]);
    expect(totals).toMatchObject({ cachedTokens: 2, promptTokens: 4 + 6 + 4 });
  });

  test('two who share a prompt hold its blocks once', () => {
    const shared = (think: number) =>
      ask(think, 7, 2, {
        content: {
          shared: 3,
          sharedTokens: 6,
          session: -1,
          sessionTokens: Number.POSITIVE_INFINITY,
          blockIds: undefined,
          blockIdTokens: 0,
        },
      });
    const { totals } = run(spec, shared(0), shared(1));
    expect(totals).toMatchObject({ cachedTokens: 6, promptTokens: 8, peakBlocks: 3 + 1 + 1 });
  });
});

describe('static batching', () => {
  const spec = { scheduling: { kind: 'static', batch: 2, maxWait: 3 } } as const;
  const users = [ask(0, 2, 3), ask(1, 4, 1), ask(2, 1, 1), ask(20, 1, 1)];

  test('a batch starts when full, when its oldest has waited enough, or when nobody follows', () => {
    const { times, totals } = run(spec, ...users);
    expect(times).toEqual([
      [0, 1, 2, 4],
      [1, 1, 2, 4],
      [2, 5, 6, 6],
      [3, 20, 21, 21],
    ]);
    expect(totals).toMatchObject({ promptTokens: 10, outputTokens: 6, iterations: 5, peakBlocks: 12, busySeconds: 5 });
    expect(totals.runningSeconds).toBe(2 * 3 + 1 + 1);
  });

  test('as many as the cache holds when all are padded', () => {
    expect(run({ ...spec, kvBlocks: 11 }, ...users).times[0]).toEqual([0, 1, 2, 4]);
    expect(run({ ...spec, kvBlocks: 11 }, ...users).times[1]).toEqual([1, 4, 5, 5]);
  });
});

describe('prompts and answers on instances of their own', () => {
  const transfer = { latency: 0.5, perToken: 0.25, perWindowToken: 0.25 };
  const scheduling = { kind: 'disaggregated', prefillInstances: 1, decodeInstances: 1, transfer } as const;

  test('a cache travels before decoding goes on, and joins between iterations', () => {
    const { times, totals } = run({ scheduling, window: 2 }, ask(0, 3, 3), ask(0, 1, 1), ask(0.5, 1, 2));
    expect(times).toEqual([
      [1, 0, 1, 1],
      [0, 0, 1, 4.75],
      [2, 1, 2, 4.75],
    ]);
    expect(totals).toMatchObject({ iterations: 4, busySeconds: 4, end: 4.75, runningSeconds: 2 + 1 + 1 + 2 });
  });

  test('a preempted answer goes back to be computed again', () => {
    const now = { latency: 0, perToken: 0, perWindowToken: 0 };
    const spec = { scheduling: { ...scheduling, transfer: now }, kvBlocks: 6 };
    const { times, preemptions } = run(spec, ask(0, 2, 4), ask(0, 2, 4));
    expect(times).toEqual([
      [0, 0, 1, 4],
      [1, 0, 1, 5],
    ]);
    expect(preemptions).toEqual([0, 1]);
  });
});
