import type { CalibrationCard, EngineCard } from '../schema/engine.ts';
import type { FacilityCard } from '../schema/facility.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { KvFormat, ModelCard, WeightFormat } from '../schema/model.ts';
import type { Bytes, Seconds, Share, Usd } from '../units/quantity.ts';

/** A default that entered the result: its scenario path, its value, and where the value comes from. */
export interface DefaultUsed {
  path: string;
  value: number | string | boolean;
  /** Of a number that has one. */
  unit?: string;
  source: string;
}

/** A cost that the scenario leaves out, with the charges it typically brings so that nobody forgets it. */
export interface NotCounted {
  id: string;
  label: string;
  charges: readonly OverheadCharge[];
}

/** Token counts of one request. A cv of 0 is a fixed length; otherwise log-normal. */
export interface LengthDistribution {
  mean: number;
  cv: number;
}

/** The mix every request is drawn from. */
export interface RequestMix {
  input: LengthDistribution;
  output: LengthDistribution;
  /** Share of input tokens whose KV is already there. */
  cachedInput: Share;
}

export type Load =
  | { kind: 'requests'; perDay: number }
  | { kind: 'tokens'; perDay: number; count: 'total' | 'output' }
  | { kind: 'utilization'; share: Share };

export interface TrafficPlan {
  load: Load;
  mix: RequestMix;
  /** Coefficient of variation of the time between arrivals: 1 for Poisson, 0 for a clock. */
  arrivalCv: number;
  /** 168 hourly weights, Monday 00:00 UTC first, mean 1. */
  shape: readonly number[];
  growthPerMonth: number;
  overflow: 'refuse' | 'queue' | 'api';
}

export interface LatencyTarget {
  metric: 'ttft' | 'tpot';
  /** Quantile the target applies to, such as 0.95. */
  quantile: number;
  seconds: Seconds;
}

export interface ServingPlan {
  tensorParallel: number;
  weights: WeightFormat;
  kvCache: KvFormat;
  maxBatch: number;
  tokenBudget: number;
  replicas: number | 'auto';
  memory: { rule: 'of_card' | 'of_free'; fraction: Share; workspace: Bytes; usable: Bytes };
  measuredOutputTokensPerSecond?: number;
}

export interface ReliabilityPlan {
  targetAvailability?: Share;
  zones: number;
  replicaAvailability: Share;
  basis: string;
}

export interface RentPlan {
  usdPerGpuHour: number;
  reserved?: { usdPerGpuHour: number; source: string };
  commitmentMonths: number;
  gpusPerBillingUnit: number;
  source: string;
}

export interface PeoplePlan {
  setupUsd: Usd;
  hoursPerMonth: number;
  usdPerHour: number;
  amortizeMonths?: number;
}

/** One charge of an overhead line, ready for the ledger. */
export interface OverheadCharge {
  id: string;
  label: string;
  group: 'facility' | 'software' | 'people' | 'one_off';
  per: 'month' | 'GPU-month' | 'output GB' | 'weight GB-month' | 'FTE-year';
  times: number;
  usd: Usd;
  source: string;
}

/** What an API charges for this traffic; prices per million tokens on the scenario's start date. */
export interface OfferPlan {
  name: string;
  sameModel: boolean;
  baseline: boolean;
  inputUsdPerMtok: number;
  outputUsdPerMtok: number;
  cachedInputUsdPerMtok: number;
  cachedInputShare: Share;
  usdPerRequest: Usd;
  batchDiscount: Share;
  source: string;
  asOf: string;
}

/**
 * Everything a simulation needs, in base units, with nothing left to look up. Plain data: it survives a structured
 * clone, so a worker or a page runs it unchanged.
 */
export interface Plan {
  name: string;
  start: string;
  hoursPerMonth: number;
  modelName: string;
  model: ModelCard;
  gpuName: string;
  gpu: GpuCard;
  engineName: string;
  engine: Pick<EngineCard, 'upper_bound' | 'block_tokens' | 'reserves_longest' | 'host'>;
  calibration: CalibrationCard;
  facility: Pick<FacilityCard, 'power' | 'bytes_per_token'>;
  serving: ServingPlan;
  traffic: TrafficPlan;
  slo: readonly LatencyTarget[];
  reliability?: ReliabilityPlan;
  rent: RentPlan;
  people?: PeoplePlan;
  overheads: readonly OverheadCharge[];
  offers: readonly OfferPlan[];
  horizonMonths: readonly number[];
  discountRate: Share;
  defaultsUsed: readonly DefaultUsed[];
  notCounted: readonly NotCounted[];
}
