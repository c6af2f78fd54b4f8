import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import type { ColumnSource } from '../../src/scenario/column-source.ts';
import { applyOverride, mergeScenario } from '../../src/scenario/overrides.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import type { PriceSource } from '../../src/scenario/price-source.ts';
import { requestTokens, sequenceMix } from '../../src/scenario/request-tokens.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { InputError } from '../../src/schema/problem.ts';
import { H100_160, M70, planOf, type Raw, run, scenario } from '../acceptance/fixtures.ts';

const SESSION = { turns: 3, first_input: 1000, added_per_turn: 500, pause: '5 s' };

const trafficOf = (traffic: Raw, more: Raw = {}) => planOf(scenario({ ...more, traffic })).traffic;

function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(({ path, message }) => `${path.join('.')} | ${message}`);
    throw error;
  }
  return [];
}

const problems = (traffic: Raw) => problemsOf(() => planOf(scenario({ traffic })));

describe('arrivals', () => {
  test.each([
    ['poisson', { kind: 'poisson' }, 1],
    ['deterministic', { kind: 'deterministic' }, 0],
    [{ process: 'gamma', cv: 3 }, { kind: 'gamma', cv: 3 }, 3],
    [{ process: 'weibull', cv: 1.5 }, { kind: 'weibull', cv: 1.5 }, 1.5],
    [{ process: 'weibull', cv: 0 }, { kind: 'deterministic' }, 0],
    [
      { process: 'closed', users: 20, think_time: { mean: '10 s', cv: 0.5 } },
      { kind: 'closed', users: 20, think: { mean: 10, cv: 0.5 } },
      1,
    ],
  ])('%j', (arrivals, process, cv) => {
    const traffic = trafficOf({ arrivals });
    expect(traffic.arrivals).toEqual(process);
    expect(traffic.arrivalCv).toBe(cv);
  });

  const closed = { process: 'closed', users: 20, think_time: '10 s' };

  test('users in a closed loop need no load, but a fleet is sized by one', () => {
    const raw = scenario({ traffic: { requests_per_day: undefined, arrivals: closed } });
    const { load, arrivals } = planOf(raw).traffic;
    expect(load).toEqual({ kind: 'closed' });
    expect(arrivals).toEqual({ kind: 'closed', users: 20, think: { mean: 10, cv: 1 } });
    expect(problemsOf(() => run(raw))[0]).toMatch(/^traffic \| users who wait .* add a load such as requests_per_day/);
    expect(run(scenario({ traffic: { arrivals: closed } })).status).toBe('ok');
  });
});

describe('lengths', () => {
  test('evenly between two ends', () => {
    const { mix } = trafficOf({ input_tokens: { low: 100, high: 700 } });
    expect(mix.input).toEqual({
      mean: 400,
      cv: 600 / Math.sqrt(12) / 400,
      draw: { kind: 'uniform', low: 100, high: 700 },
    });
  });

  const columns: ColumnSource = (_, names) => {
    const known: Record<string, number[]> = { a: [100, 300], b: [10, 90], c: [90, 10] };
    const at = names.findIndex((name) => known[name] === undefined);
    if (at >= 0) return { found: false, problem: 'no such column', column: at };
    return { found: true, columns: names.map((name) => known[name] as number[]) };
  };
  const prices: PriceSource = () => ({ found: false, problem: 'no list' });
  const read = (traffic: Raw): Plan => {
    const raw = scenario({ traffic: { input_tokens: undefined, output_tokens: undefined, ...traffic } });
    return resolveScenario(validateScenario(raw), raw, { catalog: openCatalog(), prices, columns });
  };

  test('a column is drawn from and has its own moments', () => {
    const { mix } = read({ input_tokens: { file: 'x.csv', column: 'a' }, output_tokens: 5 }).traffic;
    expect(mix.input).toEqual({ mean: 200, cv: 0.5, draw: { kind: 'list', lengths: [100, 300] } });
  });

  test.each([
    ['b', 1],
    ['c', -1],
  ])('pairs are kept together: a with %s', (output, correlation) => {
    const { mix } = read({ lengths: { file: 'x.csv', input: 'a', output } }).traffic;
    expect(mix.pairs?.input).toEqual([100, 300]);
    expect(mix.output.mean).toBe(50);
    expect(mix.correlation).toBeCloseTo(correlation, 12);
  });

  test('a missing column, at the key that names it', () => {
    expect(problemsOf(() => read({ lengths: { file: 'x.csv', input: 'a', output: 'z' } }))).toEqual([
      'traffic.lengths.output | no such column',
    ]);
  });

  test('correlation is a default only where both lengths vary', () => {
    const varied = { input_tokens: { mean: 9, cv: 1 }, output_tokens: { mean: 9, cv: 1 } };
    const paths = (traffic: Raw) => planOf(scenario({ traffic })).defaultsUsed.map((entry) => entry.path);
    expect(paths({})).not.toContain('traffic.correlation');
    expect(paths(varied)).toContain('traffic.correlation');
    expect(trafficOf({ ...varied, correlation: -0.1 }).mix.correlation).toBe(-0.1);
  });
});

describe('what requests have in common', () => {
  const shared_prompt = { tokens: 400, prompts: 20 };

  test('a session makes as many requests as it has turns', () => {
    const { load, session, mix } = trafficOf({ input_tokens: undefined, sessions_per_day: 10, session: SESSION });
    expect(load).toEqual({ kind: 'requests', perDay: 30 });
    expect(session).toMatchObject({
      firstInput: 1000,
      contextCap: Number.POSITIVE_INFINITY,
      pause: { mean: 5, cv: 1 },
    });
    expect(mix.input.mean).toBe(1500);
  });

  test('prompts of a session are trimmed to what the model takes', () => {
    const model = { ...M70, max_context: 20_000 };
    const change = { input_tokens: undefined, session: { ...SESSION, turns: { mean: 8, cv: 2 } } };
    const plan = planOf(scenario({ model, serving: { gpu: H100_160 }, traffic: change }));
    expect(plan.traffic.session?.contextCap).toBe(19_700);
    expect(plan.defaultsUsed).toContainEqual(
      expect.objectContaining({ path: 'traffic.session.context_cap', value: 19_700 }),
    );
  });

  test.each([
    ['nothing by default', {}, {}, 0],
    ['a shared prompt, where prefixes are kept', { shared_prompt }, { prefix_cache: true }, 0.4],
    ['no shared prompt, where they are not', { shared_prompt }, {}, 0],
    ['what is stated, before all', { shared_prompt, cached_input: 0.1 }, { prefix_cache: true }, 0.1],
  ])('own cache: %s', (_, traffic, serving, share) => {
    expect(trafficOf(traffic, { serving }).mix.cachedInput).toBe(share);
  });

  test('a share that is stated is refused where the engine finds out what it has cached', () => {
    const resolve = (cached_input?: number) => () =>
      trafficOf({ shared_prompt, cached_input }, { serving: { prefix_cache: true, envelope: 'simulated' } });
    expect(resolve(0.1)).toThrow(/finds out by itself what is cached/);
    expect(resolve()).not.toThrow();
  });

  const offer = { name: 'an API', input: '1 USD/Mtok', output: '1 USD/Mtok' };
  test.each([
    ['with a price for it', { cached_input: '0.1 USD/Mtok' }, {}, 0.4],
    ['without', {}, {}, 0],
    ['what the traffic states', { cached_input: '0.1 USD/Mtok' }, { cached_input: 0.1 }, 0.1],
    ['its own share', { cached_input: '0.1 USD/Mtok', cached_input_share: 0.7 }, { cached_input: 0.1 }, 0.7],
  ])("an API's cache: %s", (_, prices, traffic, share) => {
    const raw = scenario({ traffic: { shared_prompt, ...traffic }, compare: [{ ...offer, ...prices }] });
    expect(planOf(raw).offers[0]?.cachedInputShare).toBe(share);
  });

  test('requests of lower priority, with a target of their own', () => {
    const background = { share: '30 %', slo: { ttft_p95: '5 min' } };
    expect(trafficOf({ background }, { serving: { envelope: 'simulated' } }).background).toEqual({
      share: 0.3,
      slo: [{ metric: 'ttft', quantile: 0.95, seconds: 300 }],
    });
    expect(problems({ background }).join()).toMatch(/no priorities/);
  });

  test('several answers to a prompt', () => {
    const { mix } = trafficOf({ samples: 8, cached_input: 0.5 });
    expect(requestTokens(mix)).toEqual({ input: 1000, output: 2400, total: 3400 });
    expect(sequenceMix(mix)).toMatchObject({ cachedInput: 1 - 0.5 / 8 });
    expect(sequenceMix(mix)).not.toHaveProperty('samples');
  });
});

test.each<[string, Raw, string[]]>([
  [
    'no length',
    { input_tokens: undefined, output_tokens: undefined },
    [
      'traffic | needs the length of its prompts: input_tokens or session or lengths',
      'traffic | needs the length of its answers: output_tokens or lengths',
    ],
  ],
  [
    'prompts twice',
    { session: SESSION },
    ['traffic.session | has the length of its prompts twice (input_tokens, session); keep one'],
  ],
  [
    'sessions of nothing',
    { sessions_per_day: 5 },
    ['traffic.sessions_per_day | needs a session, which says how many requests one makes'],
  ],
  [
    'a correlation with sessions',
    { input_tokens: undefined, session: SESSION, correlation: 0.5 },
    ['traffic.correlation | needs input_tokens and output_tokens, which session replaces'],
  ],
  [
    'ends the wrong way round',
    { input_tokens: { low: 5, high: 4 } },
    ['traffic.input_tokens.high | high cannot lie below low'],
  ],
  [
    'a cap below the first prompt',
    { input_tokens: undefined, session: { ...SESSION, context_cap: 500 } },
    ['traffic.session.context_cap | context_cap cannot lie below first_input'],
  ],
  [
    'more shared than there is',
    { shared_prompt: { tokens: 1000 } },
    ['traffic.shared_prompt.tokens | the shared part must be shorter than the mean prompt, 1000 tokens'],
  ],
  [
    'an unknown process',
    { arrivals: { process: 'gama', cv: 2 } },
    ['traffic.arrivals.process | expected one of gamma, weibull, got "gama"; did you mean "gamma"?'],
  ],
])('refused: %s', (_, traffic, said) => expect(problems(traffic)).toEqual(said));

test('one way to give a length replaces another, in a child and in a setting', () => {
  const base = { traffic: { requests_per_day: 1, input_tokens: 5, output_tokens: 6 } };
  const lengths = { file: 'x.csv', input: 'a', output: 'b' };
  expect(mergeScenario(base, { traffic: { session: SESSION } })).toEqual({
    traffic: { requests_per_day: 1, session: SESSION, output_tokens: 6 },
  });
  expect(mergeScenario(base, { traffic: { lengths } })).toEqual({ traffic: { requests_per_day: 1, lengths } });
  expect(applyOverride(base, 'traffic.lengths', lengths)).toEqual({ traffic: { requests_per_day: 1, lengths } });
  expect(applyOverride(base, 'traffic.sessions_per_day', 7)).toEqual({
    traffic: { sessions_per_day: 7, input_tokens: 5, output_tokens: 6 },
  });
});
