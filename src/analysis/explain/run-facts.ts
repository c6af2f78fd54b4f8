import { billedGpus } from '../../cost/capacity-cost.ts';
import type { LedgerLine } from '../../cost/ledger.ts';
import { type MonthPower, monthPower } from '../../fleet/month-power.ts';
import { type MonthUse, monthUse } from '../../fleet/month-use.ts';
import { type FleetMonth, simulateFleet } from '../../fleet/simulate-fleet.ts';
import { metricsOf } from '../../result/metrics.ts';
import type { Plan } from '../../scenario/plan.ts';
import { replicaGpus } from '../../scenario/replica-gpus.ts';
import type { Metrics } from '../../schema/metric-table.ts';
import type { Envelope } from '../../serving/envelope.ts';
import { settlePools } from '../../serving/pools.ts';
import type { Replica } from '../../serving/replica.ts';
import { serviceCurve } from '../../serving/service-curve.ts';
import { buildLedger } from '../month-bill.ts';
import type { NodeTable } from './explanation.ts';
import type { Origins } from './provenance.ts';

/** What a run knows of month 1, by the functions that the run itself calls. */
export interface RunFacts {
  plan: Plan;
  seed: number;
  replica: Replica;
  envelope: Envelope;
  first: FleetMonth;
  use: MonthUse;
  power: MonthPower;
  /** Month 1's bill. */
  lines: readonly LedgerLine[];
  metrics: Metrics;
}

/** A run being explained: what it found, where its inputs were written, and the nodes made so far. */
export interface Explaining {
  facts: RunFacts;
  origins: Origins;
  table: NodeTable;
}

/** Month 1 of a plan. The service curve is the run's own: simulated once for the same plan and seed. */
export function runFacts(given: Plan, seed: number): RunFacts {
  const plan = settlePools(given);
  const { replica, envelope } = serviceCurve(plan, seed);
  const fleet = simulateFleet(plan, envelope, 1);
  const first = fleet[0] as FleetMonth;
  const use = monthUse(envelope, first.size.replicas, first.result.records);
  const lines = buildLedger(plan, { replica, envelope }, fleet).filter((entry) => entry.month === 1);
  const metrics = metricsOf(plan, replica, envelope, first, use, lines);
  const billed = billedGpus(plan, first.size.replicas) / replicaGpus(plan.serving);
  const power = monthPower({ replica, envelope }, billed, first.result.records, plan.facility.power);
  return { plan, seed, replica, envelope, first, use, power, lines, metrics };
}
