import { type BoardWork, boardShare } from '../energy/power.ts';
import { stepTerms } from '../perf/step-time.ts';
import type { FacilityCard } from '../schema/facility.ts';
import type { EnvelopePoint } from '../serving/envelope.ts';
import { readEnvelope } from '../serving/read-envelope.ts';
import type { Replica } from '../serving/replica.ts';
import type { ServiceCurve } from '../serving/service-curve.ts';
import { iteration } from '../serving/steady-state.ts';
import type { Share } from '../units/quantity.ts';
import { STEPS_PER_WEEK, type WeekRecord } from './week.ts';

/** An iteration's time by what its GPUs do, as far as it costs power. */
function workOf(replica: Replica, decoding: number, promptTokens: number): BoardWork {
  const { compute, weights, kv, seconds } = stepTerms(replica.step, iteration(replica, decoding, promptTokens));
  return { multiplying: compute / seconds, reading: (weights + kv) / seconds };
}

/** A chunk of a prompt as its iteration runs it: the same at every load. */
function promptWork(replica: Replica): BoardWork {
  return workOf(replica, 0, Math.min(replica.means.newPrompt, replica.tokenBudget));
}

/**
 * What a replica's GPUs do at a point of its service curve: prompts for their share of the busy time, and decoding of
 * as many sequences as run together while it is busy for the rest.
 */
export function workAt(
  replica: Replica,
  { running, busy, promptShare }: Pick<EnvelopePoint, 'running' | 'busy' | 'promptShare'>,
  prompt = promptWork(replica),
): { busy: Share; work: BoardWork } {
  const { scheduling } = replica.engine;
  const pools = scheduling.kind === 'disaggregated' ? scheduling.decodeInstances : 1;
  const together = busy > 0 ? Math.max(1, running / busy / pools) : 1;
  const decode = workOf(replica, together, 0);
  const mixed = (key: keyof BoardWork) => (1 - promptShare) * decode[key] + promptShare * prompt[key];
  return { busy, work: { multiplying: mixed('multiplying'), reading: mixed('reading') } };
}

/** How the GPUs of a fleet spend a month, as shares of its time, and the power that follows. */
export interface MonthPower {
  busyMean: Share;
  multiplyingMean: Share;
  readingMean: Share;
  /** Mean board power over the rating. */
  boardMean: Share;
}

/**
 * Read off the service curve for every step of the week; a replica that is down draws what one at rest does, and so do
 * GPUs that whole nodes bring along.
 *
 * @param replicas as many as the billed GPUs would make, not always whole
 */
export function monthPower(
  { replica, envelope }: ServiceCurve,
  replicas: number,
  records: readonly WeekRecord[],
  power: FacilityCard['power'],
): MonthPower {
  const sums = { busy: 0, multiplying: 0, reading: 0, aboveRest: 0 };
  if (replicas > 0) {
    const prompt = promptWork(replica);
    for (const record of records) {
      const weight = record.steps * (record.up / replicas);
      const perReplica = record.up > 0 ? record.served / record.up : 0;
      const { busy, work } = workAt(replica, readEnvelope(envelope, perReplica), prompt);
      sums.busy += weight * busy;
      sums.multiplying += weight * busy * work.multiplying;
      sums.reading += weight * busy * work.reading;
      sums.aboveRest += weight * (boardShare(power, busy, work) - power.gpu_idle);
    }
  }
  return {
    busyMean: sums.busy / STEPS_PER_WEEK,
    multiplyingMean: sums.multiplying / STEPS_PER_WEEK,
    readingMean: sums.reading / STEPS_PER_WEEK,
    boardMean: power.gpu_idle + sums.aboveRest / STEPS_PER_WEEK,
  };
}
