import type { Card, Catalog } from '../catalog/catalog.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { ColumnSource } from './column-source.ts';
import type { Defaults } from './defaults.ts';
import type { ArrivalProcess, BackgroundPlan, LatencyTarget, Load, TrafficPlan } from './plan.ts';
import { type ResolvedMix, resolveMix } from './resolve-mix.ts';
import { resolveWait } from './resolve-wait.ts';
import { requestsPerSession } from './session-moments.ts';
import { weekShape } from './week-shape.ts';

type Traffic = Scenario['traffic'];

/** Where shapes and lists of lengths are looked up. */
interface TrafficLookups {
  catalog: Catalog;
  columns?: ColumnSource;
}

/** Stands in where the time zone is unknown, which is reported elsewhere. */
const FLAT_WEEK = new Array<number>(168).fill(1);

/** A session is as many requests as it makes on average; what users in a closed loop make is left to a replay. */
function resolveLoad(traffic: Traffic, resolved: ResolvedMix): Load {
  if (traffic.requests_per_day !== undefined) return { kind: 'requests', perDay: traffic.requests_per_day };
  if (traffic.sessions_per_day !== undefined)
    return { kind: 'requests', perDay: traffic.sessions_per_day * requestsPerSession(resolved) };
  if (traffic.tokens_per_day !== undefined)
    return { kind: 'tokens', perDay: traffic.tokens_per_day, count: traffic.count };
  return traffic.utilization === undefined ? { kind: 'closed' } : { kind: 'utilization', share: traffic.utilization };
}

/** A renewal process whose times never vary is a clock. */
function resolveArrivals(arrivals: Traffic['arrivals'], defaults: Defaults): ArrivalProcess {
  if (typeof arrivals === 'string') return { kind: arrivals };
  if (arrivals.process === 'closed') {
    const think = resolveWait(arrivals.think_time, 'traffic.arrivals.think_time', defaults);
    return { kind: 'closed', users: arrivals.users, think };
  }
  return arrivals.cv === 0 ? { kind: 'deterministic' } : { kind: arrivals.process, cv: arrivals.cv };
}

/** Many users who each wait for their answers ask at nearly independent times, like a Poisson process. */
function arrivalCv(arrivals: ArrivalProcess): number {
  switch (arrivals.kind) {
    case 'poisson':
    case 'closed':
      return 1;
    case 'deterministic':
      return 0;
    case 'gamma':
    case 'weibull':
      return arrivals.cv;
  }
}

function resolveShape({ traffic }: Scenario, { catalog }: TrafficLookups, start: string): number[] {
  const hours =
    typeof traffic.shape !== 'string'
      ? traffic.shape
      : traffic.shape === 'constant'
        ? [1]
        : (catalog.find('traffic', traffic.shape) as Card<'traffic'>).hours;
  return weekShape(hours, traffic.timezone, start) ?? FLAT_WEEK;
}

function resolveBackground(traffic: Traffic): { background?: BackgroundPlan } {
  const { background } = traffic;
  return background === undefined ? {} : { background: { share: background.share, slo: resolveSlo(background.slo) } };
}

/**
 * @param maxContext of the model, if it says
 * @param problems what is wrong is added here; the result then stands for nothing
 */
export function resolveTraffic(
  scenario: Scenario,
  lookups: TrafficLookups,
  start: string,
  maxContext: number | undefined,
  defaults: Defaults,
  problems: Problem[],
): TrafficPlan {
  const { traffic } = scenario;
  const arrivals = resolveArrivals(traffic.arrivals, defaults);
  defaults.use('traffic.arrivals', 'poisson', 'many independent users');
  defaults.use('traffic.shape', 'constant', 'no day or week shape given');
  defaults.use('traffic.growth', 0, 'no growth given');
  defaults.use('traffic.overflow', traffic.overflow, 'no gateway: the engine takes all it can and the rest fails');
  const resolved = resolveMix(scenario, {
    columns: lookups.columns,
    maxContext,
    defaults,
    problems,
  });
  return {
    load: resolveLoad(traffic, resolved),
    ...resolved,
    arrivalCv: arrivalCv(arrivals),
    arrivals,
    ...resolveBackground(traffic),
    shape: resolveShape(scenario, lookups, start),
    ...(traffic.deadline === undefined ? {} : { deadline: traffic.deadline }),
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
