import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Plan } from '../../src/scenario/plan.ts';
import type { EngineSpec, RequestSink, RunTotals } from '../../src/serving/engine-spec.ts';
import { settlePools } from '../../src/serving/pools.ts';
import { buildReplica, engineSpec, type Replica } from '../../src/serving/replica.ts';
import type { RunOptions } from '../../src/serving/run-records.ts';
import { runReplica } from '../../src/serving/run-replica.ts';
import { trafficSource } from '../../src/serving/traffic-source.ts';
import { merge, planOf, type Raw } from '../acceptance/fixtures.ts';

const SCENARIOS = join(import.meta.dirname, '..', '..', 'scenarios');

/** A replica as a scenario describes it, and the plan it comes from. */
export interface Served {
  plan: Plan;
  replica: Replica;
}

/** A plan's replica. */
export function served(plan: Plan): Served {
  const settled = settlePools(plan);
  return { plan: settled, replica: buildReplica(settled) };
}

/** The replica of a shipped scenario, with changes. */
export function shipped(file: string, change: Raw = {}): Served {
  const raw = parse(readFileSync(join(SCENARIOS, file), 'utf8')) as Raw;
  return served(planOf(merge(raw, change)));
}

/** A rate at which a whole run arrives before its first iteration has ended. */
export const ALL_AT_ONCE = 1e9;

/** Runs a replica under its scenario's traffic. */
export function runServed(
  { plan, replica }: Served,
  run: { rate: number; requests: number; seed?: number; spec?: Partial<EngineSpec> },
  sink: RequestSink = { ended: () => {} },
  options: RunOptions = {},
): RunTotals {
  const { prefixCache: keepsPrefixes, maxContext: longest } = replica.engine;
  const source = trafficSource(plan.traffic, run.rate, run.seed ?? 1, { limit: run.requests, keepsPrefixes, longest });
  return runReplica({ ...engineSpec(replica), ...run.spec }, source, sink, options);
}

/** Requests a second that a replica works off while there are always more: from the middle of a run. */
export function saturationOf(each: Served, requests: number): number {
  const ends: number[] = [];
  runServed(each, { rate: ALL_AT_ONCE, requests }, { ended: ({ finish }) => ends.push(finish) });
  const [from, to] = [Math.floor(ends.length / 4), Math.floor((3 * ends.length) / 4)];
  return (to - from) / ((ends[to] as number) - (ends[from] as number));
}
