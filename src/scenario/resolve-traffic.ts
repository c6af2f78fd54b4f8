import type { Card, Catalog } from '../catalog/catalog.ts';
import { normalQuantile } from '../math/normal.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import type { LatencyTarget, LengthDistribution, Load, TrafficPlan } from './plan.ts';
import { weekShape } from './week-shape.ts';

/** Stands in where the shape is at fault, so that the rest can still be checked. */
const FLAT_WEEK = new Array<number>(168).fill(1);

type LengthField = Scenario['traffic']['input_tokens'];

/**
 * Log-normal from a median and a 95th percentile: sigma = ln(p95/p50)/1.645.
 * A fixed number of tokens is a distribution of cv 0.
 */
export function lengthDistribution(field: LengthField): LengthDistribution {
  if (typeof field === 'number') return { mean: field, cv: 0 };
  if ('mean' in field) return field;
  const sigma = Math.log(field.p95 / field.p50) / normalQuantile(0.95);
  return { mean: field.p50 * Math.exp(sigma ** 2 / 2), cv: Math.sqrt(Math.expm1(sigma ** 2)) };
}

function resolveLoad(traffic: Scenario['traffic']): Load {
  if (traffic.requests_per_day !== undefined) return { kind: 'requests', perDay: traffic.requests_per_day };
  if (traffic.tokens_per_day !== undefined)
    return { kind: 'tokens', perDay: traffic.tokens_per_day, count: traffic.count };
  return { kind: 'utilization', share: traffic.utilization ?? 0 };
}

function arrivalCv(arrivals: Scenario['traffic']['arrivals']): number {
  if (arrivals === 'poisson') return 1;
  return arrivals === 'deterministic' ? 0 : arrivals.cv;
}

function lengthProblems(traffic: Scenario['traffic'], maxContext: number | undefined): Problem[] {
  const problems: Problem[] = [];
  for (const key of ['input_tokens', 'output_tokens'] as const) {
    const field = traffic[key];
    if (typeof field === 'object' && 'p50' in field && field.p95 < field.p50) {
      problems.push({ path: ['traffic', key, 'p95'], message: 'p95 cannot lie below p50' });
    }
  }
  if (problems.length > 0) return problems;
  const input = lengthDistribution(traffic.input_tokens).mean;
  const output = lengthDistribution(traffic.output_tokens).mean;
  if (input < 1)
    problems.push({ path: ['traffic', 'input_tokens'], message: 'a request has at least one input token' });
  if (output < 1)
    problems.push({ path: ['traffic', 'output_tokens'], message: 'a request has at least one output token' });
  if (maxContext !== undefined && input + output > maxContext) {
    const total = Math.round(input + output);
    problems.push({
      path: ['traffic', 'input_tokens'],
      message: `input and output make ${total} tokens, more than the model's context of ${maxContext}`,
    });
  }
  return problems;
}

/** @param problems what is wrong is added here; the result then stands for nothing */
export function resolveTraffic(
  scenario: Scenario,
  catalog: Catalog,
  start: string,
  maxContext: number | undefined,
  defaults: Defaults,
  problems: Problem[],
): TrafficPlan {
  const { traffic } = scenario;
  problems.push(...lengthProblems(traffic, maxContext));
  const hours =
    typeof traffic.shape !== 'string'
      ? traffic.shape
      : traffic.shape === 'constant'
        ? [1]
        : (catalog.find('traffic', traffic.shape) as Card<'traffic'>).hours;
  const shape = weekShape(hours, traffic.timezone, start);
  if (shape === undefined) {
    problems.push({
      path: ['traffic', 'timezone'],
      message: 'unknown time zone; expected one such as "UTC" or "Europe/Berlin"',
    });
  }
  defaults.use('traffic.arrivals', 'poisson', 'many independent users');
  defaults.use('traffic.shape', 'constant', 'no day or week shape given');
  defaults.use('traffic.cached_input', 0, 'no prefix cache hits given');
  defaults.use('traffic.growth', 0, 'no growth given');
  defaults.use('traffic.overflow', traffic.overflow, 'no gateway: the engine takes all it can and the rest fails');
  return {
    load: resolveLoad(traffic),
    mix: {
      input: lengthDistribution(traffic.input_tokens),
      output: lengthDistribution(traffic.output_tokens),
      cachedInput: traffic.cached_input,
    },
    arrivalCv: arrivalCv(traffic.arrivals),
    shape: shape ?? FLAT_WEEK,
    growthPerMonth: traffic.growth,
    overflow: traffic.overflow,
  };
}

/** `ttft_p95: 2 s` and its like as targets. */
export function resolveSlo(slo: Scenario['slo']): LatencyTarget[] {
  return Object.entries(slo)
    .filter((entry): entry is [string, number] => entry[1] !== undefined)
    .map(([key, seconds]) => {
      const [metric, percentile] = key.split('_p') as ['ttft' | 'tpot', string];
      return { metric, quantile: Number(percentile) / 100, seconds };
    });
}
