import type { Assertion } from '../schema/assertion.ts';
import type { CalibrationCard, EngineCard } from '../schema/engine.ts';
import type { ErrorTable } from '../schema/error-table.ts';
import type { FacilityCard } from '../schema/facility.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { KvFormat, ModelCard, WeightFormat } from '../schema/model.ts';
import type { OwnCalibration } from '../schema/own-calibration.ts';
import type { PricePath } from '../schema/price-path.ts';
import type { Bytes, BytesPerSecond, Seconds, Share, Usd } from '../units/quantity.ts';
import type { PriceTier, TokenPrices } from './price-source.ts';
import type { PriceDate } from './provenance.ts';

/** A default that entered the result: its scenario path, its value, and where the value comes from. */
export interface DefaultUsed {
  path: string;
  value: number | string | boolean;
  /** Of a number that has one. */
  unit?: string;
  source: string;
}

/** How wrong the calibration was found to be, and what to look that up by: ids of cards, absent for what is inline. */
export interface ErrorEvidence {
  table: ErrorTable;
  gpu?: string | undefined;
  architecture?: string | undefined;
  model?: string | undefined;
  engine: string;
}

/** A cost that the scenario leaves out, with the charges it typically brings so that nobody forgets it. */
export interface NotCounted {
  id: string;
  label: string;
  charges: readonly OverheadCharge[];
}

/** Token counts of one request. A cv of 0 is a fixed length; otherwise log-normal, unless `draw` says how. */
export interface LengthDistribution {
  mean: number;
  cv: number;
  /** How single lengths come about, where not log-normal: evenly between two lengths, or one of a list. */
  draw?: { kind: 'uniform'; low: number; high: number } | { kind: 'list'; lengths: readonly number[] };
}

/** Lengths that were seen together: request i had `input[i]` and `output[i]` tokens. */
export interface LengthPairs {
  input: readonly number[];
  output: readonly number[];
}

/** The mix every request is drawn from. */
export interface RequestMix {
  input: LengthDistribution;
  output: LengthDistribution;
  /** Share of input tokens whose KV is already there. */
  cachedInput: Share;
  /** Correlation of the logarithms of input and output length; 0 where absent. */
  correlation?: number;
  /** Where given, single requests are drawn from these pairs; the distributions above are their moments. */
  pairs?: LengthPairs;
  /** Answers asked of each prompt; 1 where absent. The lengths above are those of one answer and its prompt. */
  samples?: number;
}

/** How requests, or conversations, follow each other. */
export type ArrivalProcess =
  | { kind: 'poisson' }
  | { kind: 'deterministic' }
  | { kind: 'gamma' | 'weibull'; cv: number }
  /** A fixed number of users, each asking again `think` seconds after the answer; exponential unless the cv is 0. */
  | { kind: 'closed'; users: number; think: { mean: Seconds; cv: number } };

/** Requests that build on each other: turns of a chat, or calls of an agent's task. */
export interface SessionPlan {
  /** Requests a session makes, drawn once for each; whole, at least 1. */
  turns: LengthDistribution;
  /** Prompt of the first request, the shared prompt included. */
  firstInput: number;
  /** What each further prompt has beyond the one before: its answer, a tool's result, the next question. */
  addedPerTurn: number;
  /** Prompts are trimmed to this; Infinity where they grow for ever. */
  contextCap: number;
  /** From an answer to the next request: reading and typing, or a tool at work. Exponential unless the cv is 0. */
  pause: { mean: Seconds; cv: number };
}

/** A prompt that many requests begin with. Which of `count` it is, is drawn evenly. */
export interface SharedPromptPlan {
  tokens: number;
  count: number;
}

/** Requests of lower priority, which wait while others do, and are judged by their own target. */
export interface BackgroundPlan {
  share: Share;
  slo: readonly LatencyTarget[];
}

export type Load =
  | { kind: 'requests'; perDay: number }
  | { kind: 'tokens'; perDay: number; count: 'total' | 'output' }
  | { kind: 'utilization'; share: Share }
  /** What the users of closed arrivals make of it: a replay has that, a fleet is sized by a rate. */
  | { kind: 'closed' };

export interface TrafficPlan {
  load: Load;
  mix: RequestMix;
  /** Coefficient of variation of the time between arrivals: 1 for Poisson, 0 for a clock. */
  arrivalCv: number;
  arrivals: ArrivalProcess;
  session?: SessionPlan;
  sharedPrompt?: SharedPromptPlan;
  background?: BackgroundPlan;
  /** 168 hourly weights, Monday 00:00 UTC first, mean 1. */
  shape: readonly number[];
  /** How long an answer may take, where nobody waits for it. */
  deadline?: Seconds;
  growthPerMonth: number;
  overflow: 'refuse' | 'queue' | 'api';
}

export interface LatencyTarget {
  metric: 'ttft' | 'tpot';
  /** Quantile the target applies to, such as 0.95. */
  quantile: number;
  seconds: Seconds;
}

/** How an engine decides what each iteration carries. */
export type Scheduling =
  /** Decodes first; prompts in chunks beside them, or whole in iterations of their own. */
  | { kind: 'continuous'; prefill: 'chunked' | 'whole' }
  /** Waits until `batch` requests are there, or the oldest has waited `maxWait`; runs them together to the longest. */
  | { kind: 'static'; batch: number; maxWait: Seconds }
  /** Prompts on GPUs of their own; the cache then crosses a network to those that decode. */
  | {
      kind: 'disaggregated';
      prefillInstances: number | 'auto';
      decodeInstances: number | 'auto';
      network: { bandwidth: BytesPerSecond; latency: Seconds };
    };

/** A small model proposes `depth` tokens a pass, of which the large one keeps those before the first it would not say. */
export interface Speculation {
  /** Chance that one proposed token is kept. */
  acceptance: Share;
  depth: number;
  /** Time of one proposal, relative to a pass of the large model over one token a sequence. */
  draftCost: number;
}

/**
 * How one instance of the engine lies on its GPUs: tensor x pipeline x attention data-parallel of them, as vLLM counts.
 * SGLang's `--tp 8 --dp 8` and TensorRT-LLM's attention DP on 8 GPUs are a tensor parallelism of 1 and 8 such ranks.
 */
export interface Parallelism {
  tensorParallel: number;
  /** Stages that share the layers. */
  pipelineParallel: number;
  /** Parts that the experts are dealt to; 1: every expert's matrices are split over all GPUs of a stage. */
  expertParallel: number;
  /** Copies of attention, each with sequences and a cache of its own, that share one set of experts. */
  attentionDataParallel: number;
}

export interface ServingPlan extends Parallelism {
  /** Between the machines of one instance, where it spans several. */
  network?: { bandwidth: BytesPerSecond; latency: Seconds };
  weights: WeightFormat;
  kvCache: KvFormat;
  maxBatch: number;
  tokenBudget: number;
  replicas: number | 'auto';
  /** Share of a replica's largest load that an `auto` fleet is sized to use in its busiest hour. */
  targetUtilization: Share;
  scheduling: Scheduling;
  /** Blocks of ended requests are kept until their room is needed, and prompts that begin alike use them again. */
  prefixCache: boolean;
  speculation?: Speculation;
  /** How the replica's service curve comes about. */
  envelope: 'simulated' | 'closed-form';
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
  kind: 'rent';
  usdPerGpuHour: number;
  reserved?: { usdPerGpuHour: number; source: string };
  commitmentMonths: number;
  /** Where the provider may take instances back. */
  spot?: { lossesPerHour: number; recoveryHours: number };
  pricePath?: PricePath;
  gpusPerBillingUnit: number;
  priceDates: readonly PriceDate[];
  source: string;
}

/** A number with where it comes from, for the ledger. */
export interface Sourced {
  value: number;
  source: string;
}

/** Owned nodes, each number of one node unless its name says otherwise. Prices are flat over the horizon. */
export interface OwnPlan {
  kind: 'own';
  nodeName: string;
  gpusPerNode: number;
  /** USD. */
  server: Sourced;
  network: Sourced;
  ancillary: Sourced;
  spares: Sourced;
  install: Sourced;
  lifeMonths: number;
  /** Share of the hardware's price at the end of each year; from the last on it stays. */
  residualByAge: readonly { months: number; share: Share }[];
  costOfCapital: Share;
  /** USD a month. */
  colocation: Sourced;
  support: Sourced;
  taxAndInsurance: Sourced;
  /** USD per kWh. */
  electricity: Sourced;
  /** Of all nodes together, USD a month. */
  transit: Sourced;
  priceDates: readonly PriceDate[];
  /** Where stated; otherwise the draw follows the load. */
  wattsPerGpu?: number;
}

export type CapacityPlan = RentPlan | OwnPlan;

export interface PeoplePlan {
  setupUsd: Usd;
  hoursPerMonth: number;
  usdPerHour: number;
  ratePath?: PricePath;
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

/** Data moved every month on one way, and what it costs there. Marks count from the first byte of the month. */
export interface TransferPlan {
  way: string;
  bytesPerMonth: Bytes;
  free: Bytes;
  /** Each reaches from the end of the one before; the last to Infinity. */
  tiers: readonly { upTo: Bytes; usdPerGb: number }[];
  source: string;
}

/** The most an API may be asked in a minute; Infinity where it sets no limit. */
export interface RateLimits {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  /** Whether input that is read from the cache counts. */
  countsCached: boolean;
}

/** What an API charges for this traffic; prices per million tokens on the scenario's start date, which is month 1. */
export interface OfferPlan extends TokenPrices {
  name: string;
  sameModel: boolean;
  baseline: boolean;
  cachedInputUsdPerMtok: number;
  /** Of input, what the cache reads and what is written to it; nothing is written where absent. */
  cachedInputShare: Share;
  cacheWriteShare?: Share;
  /** Of keeping a million tokens for an hour, and how many hours each written token is kept. */
  cacheStorage?: { usdPerMtokHour: number; hours: number };
  /** By rising length; the prices above apply up to the first. */
  tiers?: readonly PriceTier[];
  /** Its tokens for each of the scenario's, and hidden ones for each of an answer; 1, 1 and 0 where absent. */
  inputFactor?: number;
  outputFactor?: number;
  reasoningRatio?: number;
  usdPerRequest: Usd;
  pricePath?: PricePath;
  batchDiscount: Share;
  /** A batch price that the traffic cannot wait for. */
  batchRefused?: { discount: Share; window: Seconds; deadline: Seconds };
  limits?: RateLimits;
  /** Chance that a call fails after it was charged, and that one is turned away uncharged; both are repeated. */
  failure: Share;
  rejected: Share;
  source: string;
  asOf: string;
}

/** A model with what serving does to it. All of it is absent where a checkpoint is served as it is. */
export interface ServedModel extends ModelCard {
  /** Formats by numbers of layers, where they are not all stored alike. */
  precision?: readonly { layers: number; format: WeightFormat }[];
  /** Low-rank adapters loaded beside the base. */
  adapters?: { count: number; rank: number };
  /** Share of the cache that pruning leaves. */
  kvKept?: Share;
  /** Share of decoded tokens that leave early, and the share of layers that they pass. */
  earlyExit?: { share: Share; depth: Share };
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
  model: ServedModel;
  gpuName: string;
  gpu: GpuCard;
  engineName: string;
  engine: Pick<EngineCard, 'upper_bound' | 'block_tokens' | 'reserves_longest' | 'host'>;
  calibration: CalibrationCard;
  /** Absent for a calibration that nobody held against measurements. */
  evidence?: ErrorEvidence;
  /** Where own measurements moved the calibration. */
  calibrated?: Pick<OwnCalibration, 'measurements' | 'error' | 'source'>;
  facility: Pick<FacilityCard, 'power' | 'bytes_per_token'>;
  serving: ServingPlan;
  traffic: TrafficPlan;
  slo: readonly LatencyTarget[];
  reliability?: ReliabilityPlan;
  capacity: CapacityPlan;
  people?: PeoplePlan;
  overheads: readonly OverheadCharge[];
  transfers: readonly TransferPlan[];
  offers: readonly OfferPlan[];
  horizonMonths: readonly number[];
  discountRate: Share;
  defaultsUsed: readonly DefaultUsed[];
  notCounted: readonly NotCounted[];
  assertions: readonly Assertion[];
}
