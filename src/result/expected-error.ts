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

const UNMEASURED: Readonly<Record<ErrorBand['unmeasured'][number], string>> = {
  GPU: 'on this GPU',
  engine: 'of this engine',
  model: 'of this model',
  combination: 'of this engine on this GPU with such a model',
};

function basisOf(plan: Plan, band: ErrorBand): string {
  const kind = plan.model.moe === undefined ? 'dense' : 'mixture of experts';
  const rows = `from ${count(band.rows)} measured rows left out of the fit`;
  if (band.unmeasured.length === 0) return `${plan.gpuName}, ${kind}, ${plan.engineName}, ${rows}`;
  const missing = band.unmeasured.map((what) => UNMEASURED[what]).join(' and ');
  return `no measurement ${missing}; ${rows} that come nearest, and what it costs there to leave such a one out`;
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
