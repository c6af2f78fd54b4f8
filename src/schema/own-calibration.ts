import * as z from 'zod';
import { count, name, number, share } from './fields.ts';

/** Beyond this, what was measured is not the deployment that the scenario describes. */
export const FACTOR_RANGE = { min: 0.25, max: 4 };

const factor = number(FACTOR_RANGE).default(1);

/** Factors on the shared coefficients, found on the deployment's own benchmarks: see `rackrate calibrate`. */
const factors = {
  memory_efficiency: factor,
  compute_efficiency: factor,
  /** All times that do not depend on the size of the work: launches, the host's part of an iteration, collectives. */
  fixed_time: factor,
  /** What the server does before its engine sees a request. */
  front_end: factor,
};

export const ownCalibration = z.strictObject({
  ...factors,
  /** Benchmark runs they were found on, and within what error four in five times and rates are then expected. */
  measurements: count({ min: 1, max: 1e6 }),
  error: share({ min: 0, max: 5 }),
  source: name(),
});
export type OwnCalibration = z.infer<typeof ownCalibration>;

const factorObject = z.strictObject(factors);
export type CalibrationFactors = z.infer<typeof factorObject>;
export const FACTORS = Object.keys(factors) as (keyof CalibrationFactors)[];
