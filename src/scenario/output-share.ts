import { InputError, type Problem } from '../schema/problem.ts';
import type { Share } from '../units/quantity.ts';
import type { Plan } from './plan.ts';
import { requestTokens } from './request-tokens.ts';

type Block = Record<string, unknown>;

const LENGTHS = ['input_tokens', 'output_tokens'] as const;

/** Fields of a length that are tokens; a spread stays what it is. */
const TOKEN_FIELDS = new Set(['mean', 'p50', 'p95', 'low', 'high']);

function trafficOf(raw: unknown): Block {
  const { traffic } = (raw ?? {}) as { traffic?: Block };
  return traffic ?? {};
}

function scaled(length: unknown, factor: number): unknown {
  if (typeof length === 'number') return length * factor;
  return Object.fromEntries(
    Object.entries(length as Block).map(([key, value]) => [
      key,
      TOKEN_FIELDS.has(key) && typeof value === 'number' ? value * factor : value,
    ]),
  );
}

function problemsOf(traffic: Block): Problem[] {
  return LENGTHS.flatMap((key) => {
    const length = traffic[key];
    const isStated =
      typeof length === 'number' || (typeof length === 'object' && length !== null && !('file' in length));
    const message = `output_share needs ${key} as numbers, to make prompts longer and answers shorter or the reverse`;
    return isStated ? [] : [{ path: ['traffic'], message }];
  });
}

/**
 * What to change so that a share of a request's tokens is its answer's, while the request has as many in all: prompts
 * and answers are stretched as a whole, shape and cached share kept.
 *
 * @param raw the scenario as written
 * @param plan the same, resolved
 * @throws InputError where lengths are not stated, as in sessions or columns of a file
 */
export function outputShareSettings(raw: unknown, plan: Plan, share: Share): { path: string; value: unknown }[] {
  const traffic = trafficOf(raw);
  const problems = problemsOf(traffic);
  if (!(share > 0 && share < 1))
    problems.push({ path: [], message: `output_share ${share} does not lie between 0 and 1` });
  if (problems.length > 0) throw new InputError(problems);
  const { input, output, total } = requestTokens(plan.traffic.mix);
  return [
    { path: 'traffic.input_tokens', value: scaled(traffic.input_tokens, ((1 - share) * total) / input) },
    { path: 'traffic.output_tokens', value: scaled(traffic.output_tokens, (share * total) / output) },
  ];
}
