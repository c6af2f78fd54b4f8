import { describePhysics, type StepReport } from '../../result/physics.ts';
import type { Plan } from '../../scenario/plan.ts';
import { METRICS } from '../../schema/metric-table.ts';
import { type ExplainNode, NodeTable, nodesBelow } from './explanation.ts';
import { type MetricId, metricNode } from './metric-nodes.ts';
import type { Origins } from './provenance.ts';
import { type Explaining, runFacts } from './run-facts.ts';

/** What a run is quoted by, where no metric is asked for. */
export const HEADLINE: MetricId = 'usd_per_mtok_total';

/** What an iteration waits for, in shares of its time, and which of them is the largest. */
export interface StepShares {
  when: string;
  sequences: number;
  prompt_tokens: number;
  seconds: number;
  binds: keyof StepReport['shares'];
  shares: StepReport['shares'];
}

/** A metric, and below it every number it is made of. */
export interface Explanation {
  schema: 'rackrate.explain/v1';
  name: string;
  metric: MetricId;
  definition: string;
  unit: string;
  /** Absent where the run cannot know it, as a price of tokens where none is served. */
  value?: number;
  seed: number;
  steps: readonly StepShares[];
  /** The metric first. */
  nodes: readonly ExplainNode[];
}

function sharesOf(when: string, step: StepReport): StepShares {
  const { sequences, prompt_tokens, seconds, shares } = step;
  const names = Object.keys(shares) as (keyof StepReport['shares'])[];
  const binds = names.reduce((most, name) => (shares[name] > shares[most] ? name : most));
  return { when, sequences, prompt_tokens, seconds, binds, shares };
}

/** Everything that `explain` may be asked of one run, which is made once. */
export function explaining(plan: Plan, seed: number, origins: Origins): Explaining {
  return { facts: runFacts(plan, seed), origins, table: new NodeTable() };
}

/** @param depth levels below the metric that are listed */
export function explainMetric(e: Explaining, metric: MetricId, depth?: number): Explanation {
  const { plan, replica, metrics, seed } = e.facts;
  const row = METRICS.find((one) => one.id === metric);
  const physics = describePhysics(plan, replica, metrics.batch_at_peak ?? 1);
  const root = metricNode(e, metric);
  const value = metrics[metric];
  return {
    schema: 'rackrate.explain/v1',
    name: plan.name,
    metric,
    definition: row?.definition ?? '',
    unit: row?.unit ?? '',
    ...(value === undefined ? {} : { value }),
    seed,
    steps: [sharesOf('decoding, busiest hour', physics.decode_at_peak), sharesOf('prefill', physics.prefill)],
    nodes: root === undefined ? [] : nodesBelow(e.table, root, depth),
  };
}
