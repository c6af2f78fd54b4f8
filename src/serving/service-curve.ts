import type { Plan } from '../scenario/plan.ts';
import { buildEnvelope, type Envelope, scaleToMeasured } from './envelope.ts';
import { perRequest } from './per-request.ts';
import { buildReplica, type Replica } from './replica.ts';
import { simulateEnvelope } from './simulated-envelope.ts';

/** A replica and its service curve, in requests. */
export interface ServiceCurve {
  replica: Replica;
  envelope: Envelope;
}

/** The replica of a plan, its step times scaled to a measured rate where one is given. */
export function replicaOf(plan: Plan): Replica {
  const replica = buildReplica(plan);
  const measured = plan.serving.measuredOutputTokensPerSecond;
  return measured === undefined ? replica : scaleToMeasured(replica, plan.slo, measured);
}

/** Curves that were simulated, by the content they follow from: a sweep over prices or loads needs one only. */
const simulated = new Map<string, ServiceCurve>();
const MOST_KEPT = 256;

function simulatedOnce(replica: Replica, plan: Plan, seed: number): ServiceCurve {
  const { arrivals, mix, session, sharedPrompt, background } = plan.traffic;
  const traffic = {
    // Users who wait have no rate of their own; many fleets' worth of them are a Poisson stream.
    arrivals: arrivals.kind === 'closed' ? { kind: 'poisson' as const } : arrivals,
    mix,
    slo: plan.slo,
    ...(session === undefined ? {} : { session }),
    ...(sharedPrompt === undefined ? {} : { sharedPrompt }),
    ...(background === undefined ? {} : { background }),
  };
  const key = JSON.stringify([replica, traffic, seed], finite);
  const known = simulated.get(key);
  if (known !== undefined) return known;
  const curve = { replica, envelope: simulateEnvelope(replica, traffic, seed) };
  if (simulated.size >= MOST_KEPT) simulated.delete(simulated.keys().next().value as string);
  simulated.set(key, curve);
  return curve;
}

/** Infinity has no JSON of its own and would look like a missing value. */
const finite = (_: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value);

/**
 * What a replica can do at which latency: simulated request by request, or in closed form where the scenario asks for
 * that, or states a measured rate, which the closed form can be scaled to exactly.
 *
 * @throws InfeasibleError where the model does not fit
 */
export function serviceCurve(plan: Plan, seed: number): ServiceCurve {
  const replica = replicaOf(plan);
  const curve =
    plan.serving.envelope === 'simulated'
      ? simulatedOnce(replica, plan, seed)
      : { replica, envelope: buildEnvelope(replica, plan.slo) };
  return { ...curve, envelope: perRequest(curve.envelope, plan.traffic.mix.samples) };
}
