import { stepSeconds } from '../perf/step-time.ts';
import type { Plan, Scheduling } from '../scenario/plan.ts';
import { buildReplica, type Replica } from './replica.ts';
import { iteration, steadyState } from './steady-state.ts';

/** Instances in one replica beyond which a better ratio of its pools is not looked for. */
const MOST_INSTANCES = 16;

/** A ratio this close to the best is taken where it needs fewer instances. */
const NEAR_ENOUGH = 0.9;

/** A size that is given stands; one that is left open may be anything up to the most. */
function sizesToTry(size: number | 'auto'): number[] {
  return size === 'auto' ? Array.from({ length: MOST_INSTANCES }, (_, i) => i + 1) : [size];
}

/** Time that one request takes of a prompt instance, and of an answer instance, each filled as far as it goes. */
function workPerRequest(replica: Replica): { prefill: number; decode: number } {
  const { means, tokenBudget } = replica;
  const prefill = (stepSeconds(replica.step, iteration(replica, 0, tokenBudget)) * means.newPrompt) / tokenBudget;
  if (means.decodePasses === 0) return { prefill, decode: 0 };
  const { plainStep } = steadyState(replica, replica.slots);
  return { prefill, decode: (means.decodePasses * plainStep) / replica.slots };
}

/**
 * The pools' sizes at which most requests are served per instance, each pool running full. A latency target may ask for
 * another ratio, which the scenario can then state.
 *
 * @source Zhong et al. 2024 (DistServe), sec. 4: instances in proportion to the phases' goodput
 */
function settle(replica: Replica, scheduling: Extract<Scheduling, { kind: 'disaggregated' }>) {
  const work = workPerRequest(replica);
  const candidates: { prefill: number; decode: number; perInstance: number }[] = [];
  for (const prefill of sizesToTry(scheduling.prefillInstances)) {
    for (const decode of sizesToTry(scheduling.decodeInstances)) {
      const isOpen = scheduling.prefillInstances === 'auto' && scheduling.decodeInstances === 'auto';
      if (isOpen && prefill + decode > MOST_INSTANCES) continue;
      const rate = Math.min(
        prefill / work.prefill,
        work.decode === 0 ? Number.POSITIVE_INFINITY : decode / work.decode,
      );
      candidates.push({ prefill, decode, perInstance: rate / (prefill + decode) });
    }
  }
  const best = Math.max(...candidates.map(({ perInstance }) => perInstance));
  const enough = candidates.filter(({ perInstance }) => perInstance >= NEAR_ENOUGH * best);
  enough.sort((a, b) => a.prefill + a.decode - b.prefill - b.decode || b.perInstance - a.perInstance);
  return enough[0] ?? { prefill: 1, decode: 1 };
}

/** The plan with the sizes of its prompt and answer pools filled in where they were left open. */
export function settlePools(plan: Plan): Plan {
  const { scheduling } = plan.serving;
  if (scheduling.kind !== 'disaggregated') return plan;
  const { prefillInstances, decodeInstances } = scheduling;
  if (prefillInstances !== 'auto' && decodeInstances !== 'auto') return plan;
  const open = { ...scheduling, prefillInstances: 1, decodeInstances: 1 };
  const { prefill, decode } = settle(
    buildReplica({ ...plan, serving: { ...plan.serving, scheduling: open } }),
    scheduling,
  );
  const settled = {
    ...scheduling,
    prefillInstances: prefillInstances === 'auto' ? prefill : prefillInstances,
    decodeInstances: decodeInstances === 'auto' ? decode : decodeInstances,
  };
  return { ...plan, serving: { ...plan.serving, scheduling: settled } };
}
