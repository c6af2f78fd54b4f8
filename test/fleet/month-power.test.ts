import { describe, expect, test } from 'vitest';
import { monthPower, workAt } from '../../src/fleet/month-power.ts';
import { STEPS_PER_WEEK, type WeekRecord } from '../../src/fleet/week.ts';
import { stepTerms } from '../../src/perf/step-time.ts';
import { serviceCurve } from '../../src/serving/service-curve.ts';
import { iteration } from '../../src/serving/steady-state.ts';
import { planOf, scenario } from '../acceptance/fixtures.ts';

const plan = planOf(scenario({ serving: { engine: 'vllm', max_batch: 64 } }));
const curve = serviceCurve(plan, 0);
const { replica, envelope } = curve;
const { power } = plan.facility;

/** A week in which `up` of the replicas serve `served` requests a second all the time. */
const week = (up: number, served: number): WeekRecord[] => [
  { steps: STEPS_PER_WEEK, hours: [0], up, offered: served, served, overflow: 0, refused: 0, queued: 0, wait: 0 },
];

describe('what GPUs do over a month', () => {
  test('decoding alone is the step split by what it waits for', () => {
    const { work } = workAt(replica, { running: 16, busy: 0.5, promptShare: 0 });
    const step = stepTerms(replica.step, iteration(replica, 32, 0));
    expect(work.multiplying).toBeCloseTo(step.compute / step.seconds, 12);
    expect(work.reading).toBeCloseTo((step.weights + step.kv) / step.seconds, 12);
  });

  test('an idle fleet, and one that is down, draw what boards at rest do', () => {
    for (const records of [week(3, 0), week(0, 0)]) {
      const { busyMean, boardMean } = monthPower(curve, 3, records, power);
      expect(busyMean).toBeCloseTo(0, 2);
      expect(boardMean).toBeCloseTo(power.gpu_idle, 2);
    }
  });

  test('a full fleet works all the time; half of it that is down halves what it does', () => {
    const full = envelope.saturation.requestsPerSecond;
    const all = monthPower(curve, 2, week(2, 2 * full), power);
    const half = monthPower(curve, 2, week(1, full), power);
    expect(all.busyMean).toBe(1);
    expect(half.busyMean).toBeCloseTo(0.5, 12);
    expect(half.multiplyingMean).toBeCloseTo(all.multiplyingMean / 2, 12);
    expect(half.boardMean).toBeCloseTo((all.boardMean + power.gpu_idle) / 2, 12);
    expect(all.multiplyingMean + all.readingMean).toBeLessThanOrEqual(1);
  });
});
