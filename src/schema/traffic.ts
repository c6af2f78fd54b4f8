import * as z from 'zod';
import { cardId, count, growthPerMonth, name, number, quantity, share } from './fields.ts';
import { hourlyShape } from './traffic-shape.ts';

const latency = quantity('s', '60 ms', { min: 1e-6, max: 1e6 });
const tokens = number({ min: 0, max: 1e8 });
const cv = number({ min: 0, max: 20 });

export const slo = z.strictObject({
  ttft_p50: latency.optional(),
  ttft_p95: latency.optional(),
  ttft_p99: latency.optional(),
  tpot_p50: latency.optional(),
  tpot_p95: latency.optional(),
  tpot_p99: latency.optional(),
});

/**
 * Token counts of one request: a fixed number, a log-normal by mean and CV or by median and 95th percentile, evenly
 * between two ends, or a column of lengths that were seen.
 */
const length = z.union([
  tokens,
  z.strictObject({ mean: tokens, cv }),
  z.strictObject({ p50: number({ min: 1, max: 1e8 }), p95: number({ min: 1, max: 1e8 }) }),
  z.strictObject({ low: number({ min: 1, max: 1e8 }), high: number({ min: 1, max: 1e8 }) }),
  z.strictObject({ file: name(), column: name() }),
]);

/** A time between an answer and what follows it. */
const wait = z.union([
  quantity('s', '5 s', { min: 0, max: 1e6 }),
  z.strictObject({ mean: quantity('s', '5 s', { min: 0, max: 1e6 }), cv: number({ min: 0, max: 20 }) }),
]);

/** Requests that build on each other: turns of a chat, or calls of an agent's task. */
const session = z.strictObject({
  turns: z.union([
    count({ min: 1, max: 10_000 }),
    z.strictObject({ mean: number({ min: 1, max: 10_000 }), cv: number({ min: 0, max: 3 }) }),
  ]),
  first_input: number({ min: 1, max: 1e8 }),
  added_per_turn: tokens,
  context_cap: number({ min: 1, max: 1e8 }).optional(),
  pause: wait,
});

const arrivals = z.union([
  z.enum(['poisson', 'deterministic']),
  z.strictObject({ process: z.enum(['gamma', 'weibull']), cv: number({ min: 0, max: 50 }) }),
  z.strictObject({ process: z.literal('closed'), users: count({ min: 1, max: 1e6 }), think_time: wait }),
]);

/** Keys of `traffic` that say how much there is; a scenario has exactly one. */
export const LOAD_KEYS = ['requests_per_day', 'sessions_per_day', 'tokens_per_day', 'utilization'] as const;

/** Keys of `traffic` of which one excludes the others, so that a child's replaces its base's. */
export const EXCLUSIVE_KEYS = [
  LOAD_KEYS,
  ['input_tokens', 'session', 'lengths'],
  ['output_tokens', 'lengths'],
] as const;

const fields = z.strictObject({
  requests_per_day: number({ min: 0, max: 1e15 }).optional(),
  sessions_per_day: number({ min: 0, max: 1e15 }).optional(),
  tokens_per_day: number({ min: 0, max: 1e18 }).optional(),
  utilization: share({ min: 0, max: 100 }).optional(),
  count: z.enum(['total', 'output']).default('total'),
  arrivals: arrivals.default('poisson'),
  shape: z.union([cardId(), hourlyShape]).default('constant'),
  timezone: name().default('UTC'),
  input_tokens: length.optional(),
  output_tokens: length.optional(),
  /** Prompts and answers that were seen together, in place of both lengths. */
  lengths: z.strictObject({ file: name(), input: name(), output: name() }).optional(),
  /** Of the logarithms of both lengths. */
  correlation: number({ min: -1, max: 1 }).optional(),
  session: session.optional(),
  shared_prompt: z
    .strictObject({ tokens: number({ min: 1, max: 1e8 }), prompts: count({ min: 1, max: 1e6 }).default(1) })
    .optional(),
  /** Answers asked of each prompt. */
  samples: count({ min: 1, max: 1024 }).default(1),
  cached_input: share().optional(),
  background: z.strictObject({ share: share(), slo: slo.default({}) }).optional(),
  /** How long an answer may take where nobody waits for it: decides whether a batch price applies. */
  deadline: quantity('s', '24 h', { min: 1, max: 1e8 }).optional(),
  growth: growthPerMonth().default(0),
  overflow: z.enum(['refuse', 'queue', 'api']).default('refuse'),
});
type Fields = z.infer<typeof fields>;
type Key = keyof Fields;

/** What is wrong with which of several keys are given: the key at fault, if there is one, and a sentence. */
interface KeyProblem {
  key?: Key;
  message: string;
}

function* loadProblems(traffic: Fields): Generator<KeyProblem> {
  const given = LOAD_KEYS.filter((key) => traffic[key] !== undefined);
  const [, second] = given;
  const isClosed = typeof traffic.arrivals === 'object' && traffic.arrivals.process === 'closed';
  if (given.length === 0 && !isClosed) yield { message: `needs a load: one of ${LOAD_KEYS.join(', ')}` };
  if (second !== undefined) {
    yield { key: second, message: `has ${given.length} loads (${given.join(', ')}); keep one` };
  }
  if (traffic.sessions_per_day !== undefined && traffic.session === undefined) {
    yield { key: 'sessions_per_day', message: 'needs a session, which says how many requests one makes' };
  }
}

/** Prompts in one way, answers in one way. */
function* lengthProblems(traffic: Fields): Generator<KeyProblem> {
  for (const [ways, what] of [
    [['input_tokens', 'session', 'lengths'], 'prompts'],
    [['output_tokens', 'lengths'], 'answers'],
  ] as const) {
    const given = ways.filter((key) => traffic[key] !== undefined);
    const [, second] = given;
    if (given.length === 0) yield { message: `needs the length of its ${what}: ${ways.join(' or ')}` };
    if (second !== undefined)
      yield { key: second, message: `has the length of its ${what} twice (${given.join(', ')}); keep one` };
  }
  for (const key of ['session', 'lengths'] as const) {
    if (traffic.correlation === undefined || traffic[key] === undefined) continue;
    yield { key: 'correlation', message: `needs input_tokens and output_tokens, which ${key} replaces` };
  }
}

export const traffic = fields.superRefine((value, context) => {
  for (const { key, message } of [...loadProblems(value), ...lengthProblems(value)]) {
    context.addIssue({ code: 'custom', message, path: key === undefined ? [] : [key] });
  }
});
