import type { Plan } from '../../scenario/plan.ts';
import { buildReplica, type Replica } from '../../serving/replica.ts';
import type { MeasuredRun } from './measured-run.ts';

/** The replica that a run was measured on: that of its plan, serving what the benchmark sent it. */
export function measuredReplica(run: MeasuredRun, plan: Plan): Replica {
  const replica = buildReplica(plan);
  return run.settings.promptsAlike === true ? { ...replica, step: { ...replica.step, routedAlike: true } } : replica;
}
