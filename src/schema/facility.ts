import * as z from 'zod';
import { billingMonths, cardId, count, name, number, quantity, share, sources } from './fields.ts';
import { residualCurve } from './own.ts';

const usd = quantity('USD', '1500 USD', { min: 0, max: 1e12 });

/** What one charge of an overhead line is counted in. */
export const chargeUnit = z.enum(['month', 'GPU-month', 'output GB', 'weight GB-month', 'FTE-year']);

const charge = z.strictObject({
  per: chargeUnit,
  rate: usd,
  /** How many of the unit a month, where the unit is not itself counted from the run. */
  times: number({ min: 0, max: 1e9 }).default(1),
});

export const overheadGroup = z.enum(['facility', 'software', 'people', 'one_off']);

const overheadLine = z.strictObject({
  id: cardId(),
  label: name(),
  group: overheadGroup,
  charges: z.array(charge).min(1),
});

/** Node failures as a rate and a mixture of repairs; every part a share of failures and its mean repair time. */
const failures = z.strictObject({
  per_1000_node_days: number({ min: 0, max: 1e4 }),
  gpus_per_node: count({ min: 1, max: 1024 }),
  repairs: z
    .array(z.strictObject({ what: name(), share: share(), duration: quantity('h', '0.25 h', { min: 0, max: 10_000 }) }))
    .min(1),
});

const power = z.strictObject({
  /** Board power as a share of TDP: at rest; with any work; and what multiplying and reading memory add to that. */
  gpu_idle: share(),
  gpu_working: share(),
  gpu_compute: share(),
  gpu_memory: share(),
  /** Host, network and fans for each GPU, as a share of its TDP. */
  server: share({ min: 0, max: 5 }),
  pue: number({ min: 1, max: 4 }),
  electricity: quantity('USD/kWh', '0.08 USD/kWh', { min: 0, max: 10 }),
});

/** What owning brings beside the price of a node; see the fields of the same names in a scenario. */
const owning = z.strictObject({
  ancillary: share(),
  spares: share(),
  install: share(),
  life: billingMonths(),
  residual: residualCurve,
  support: share(),
  tax_and_insurance: share(),
  transit: usd,
  site: cardId(),
});

/** The typical figures that a scenario may switch on or override: money, power, failures. */
export const facilityCard = z.strictObject({
  id: cardId(),
  name: name(),
  discount_rate: share(),
  reserved_discount: z.strictObject({ one_year: share(), three_years: share() }),
  bytes_per_token: number({ min: 1, max: 16 }),
  power,
  owning,
  failures,
  overheads: z.array(overheadLine),
  sources,
});
export type FacilityCard = z.infer<typeof facilityCard>;
