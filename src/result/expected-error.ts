import { type ErrorBand, errorBand } from '../analysis/error-band.ts';
import type { Plan } from '../scenario/plan.ts';
import type { ErrorFamily } from '../schema/error-table.ts';

/** Expected relative errors, one side, which four in five are to lie within. */
export interface ExpectedErrors {
  price: number;
  /** What the error of the price rests on, for a reader. */
  basis: string;
  /** Of time per output token, and of time to first token; absent where nothing is known of them apart. */
  tpot?: number;
  ttft?: number;
}

const count = (rows: number) => rows.toLocaleString('en-US');

type Missing = ErrorBand['unmeasured'][number];

/** What was not measured, and what was left out of a fit to see what that costs. */
const MISSING: Readonly<Record<Missing, { on: string; out: string }>> = {
  GPU: { on: 'on this GPU', out: 'a GPU' },
  engine: { on: 'of this engine', out: 'an engine' },
  model: { on: 'of this model', out: 'a model' },
  combination: { on: 'of this engine on this GPU with such a model', out: 'a GPU' },
};

function basisOf(plan: Plan, { rows, unmeasured }: ErrorBand): string {
  const kind = plan.model.moe === undefined ? 'dense' : 'mixture of experts';
  if (unmeasured.length === 0) {
    return `${plan.gpuName}, ${kind}, ${plan.engineName}, from ${count(rows)} measured rows left out of the fit`;
  }
  const each = (part: 'on' | 'out') => unmeasured.map((what) => MISSING[what][part]).join(' and ');
  return `none of the fitted rows is ${each('on')}; from ${count(rows)} rows that come nearest, and what it costs to leave ${each('out')} out of the fit`;
}

/** What to expect of the plan's numbers: from its own measurements, from others' like it, else from its calibration. */
export function expectedErrors(plan: Plan): ExpectedErrors {
  const { evidence, calibrated, calibration, serving } = plan;
  if (calibrated !== undefined) {
    const values = calibrated.measurements === 1 ? 'measurement' : 'measurements';
    const basis = `calibrated on ${count(calibrated.measurements)} own ${values} (${calibrated.source})`;
    return { price: calibrated.error, basis };
  }
  if (evidence === undefined) return { price: calibration.error, basis: calibration.error_basis };
  if (serving.measuredOutputTokensPerSecond !== undefined) {
    return {
      price: evidence.table.noise_floor,
      basis: 'the replica’s own measured rate, as far as measurements agree',
    };
  }
  const subject = { ...evidence, modelKind: plan.model.moe === undefined ? ('dense' as const) : ('moe' as const) };
  const band = (family: ErrorFamily) => errorBand(evidence.table, subject, family);
  const price = band('speed');
  return { price: price.width, basis: basisOf(plan, price), tpot: band('decode').width, ttft: band('ttft').width };
}
