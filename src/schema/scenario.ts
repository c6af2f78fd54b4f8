import * as z from 'zod';
import { furtherPrices, perMtok, priceRules } from './api-price.ts';
import { assertion } from './assertion.ts';
import {
  billingMonths,
  cardId,
  cardReference,
  count,
  date,
  modelReference,
  name,
  number,
  quantity,
  share,
} from './fields.ts';
import { inlineGpu } from './gpu.ts';
import { inlineModel, kvFormat, weightFormat } from './model.ts';
import { networkFields } from './network.ts';
import { own } from './own.ts';
import { ownCalibration } from './own-calibration.ts';
import { pricePath } from './price-path.ts';
import { quality } from './quality.ts';
import { spotTerms } from './rental.ts';
import { slo, traffic } from './traffic.ts';
import { transfers } from './transfer.ts';

const usd = quantity('USD', '1500 USD', { min: 0, max: 1e12 });
const perHour = quantity('USD/h', '2.69 USD/h', { min: 0, max: 100_000 });

/** Offers that a scenario may be held against. */
export const MOST_OFFERS = 50;

/** The facility of a scenario that names none. */
export const DEFAULT_FACILITY = 'typical';

const instances = z.union([z.literal('auto'), count({ min: 1, max: 32 })]).default('auto');

/** How the engine decides what an iteration carries. */
const scheduling = z.union([
  z.literal('continuous'),
  z.discriminatedUnion('policy', [
    z.strictObject({ policy: z.literal('continuous'), prefill: z.enum(['chunked', 'whole']).default('chunked') }),
    z.strictObject({
      policy: z.literal('static'),
      batch: count({ min: 1, max: 1e5 }),
      max_wait: quantity('s', '2 s', { min: 0, max: 1e6 }).optional(),
    }),
    z.strictObject({
      policy: z.literal('disaggregated'),
      prefill_instances: instances,
      decode_instances: instances,
      network: z.union([cardReference(), z.strictObject(networkFields)]),
    }),
  ]),
]);

const serving = z.strictObject({
  gpu: z.union([cardReference(), inlineGpu]),
  /** A replica takes tensor_parallel x pipeline_parallel x attention_data_parallel GPUs, as vLLM counts them. */
  tensor_parallel: count({ min: 1, max: 1024 }).default(1),
  pipeline_parallel: count({ min: 1, max: 1024 }).default(1),
  /** Parts that the experts are dealt to; 1 splits every expert over all GPUs that share a layer. */
  expert_parallel: count({ min: 1, max: 4096 }).default(1),
  /** Copies of attention, each with its own sequences, cache, max_batch and token_budget, that share the experts. */
  attention_data_parallel: count({ min: 1, max: 1024 }).default(1),
  /** Between the machines of a replica that spans several. */
  network: z.union([cardReference(), z.strictObject(networkFields)]).optional(),
  /** One format for all layers, or formats layer by layer, which together make all of them. */
  weights: z
    .union([
      weightFormat,
      z
        .array(z.strictObject({ layers: count({ min: 1, max: 2000 }), format: weightFormat }), {
          error: 'expected a list of layers and formats',
        })
        .min(1)
        .max(8),
    ])
    .optional(),
  kv_cache: kvFormat.default('bf16'),
  /** Of the tokens in the cache, the share that pruning leaves once the prompt is computed. */
  kv_cache_kept: share({ min: 0.01, max: 1 }).optional(),
  /** Low-rank adapters of one base that are loaded beside it; requests are spread evenly over them. */
  adapters: z.strictObject({ count: count({ min: 1, max: 10_000 }), rank: count({ min: 1, max: 4096 }) }).optional(),
  /** Share of answer tokens that leave the model early, and after which share of its layers. */
  early_exit: z.strictObject({ share: share(), depth: share({ min: 0.01, max: 1 }) }).optional(),
  engine: cardReference().default('vllm'),
  max_batch: count({ min: 1, max: 1e6 }).optional(),
  token_budget: count({ min: 64, max: 1e7 }).optional(),
  replicas: z.union([z.literal('auto'), count({ min: 1, max: 1e6 })]).default('auto'),
  /** Share of what a replica can do inside the target that `auto` lets the busiest hour use. */
  target_utilization: share({ min: 0.01, max: 1 }).default(1),
  scheduling: scheduling.default('continuous'),
  /** Keep the cache of ended requests while there is room, for prompts that begin alike. */
  prefix_cache: z.boolean().default(false),
  speculation: z
    .strictObject({
      acceptance: share(),
      depth: count({ min: 1, max: 64 }),
      draft_cost: share(),
    })
    .optional(),
  /** The replica's service curve by simulation, request by request, or by the closed form. */
  envelope: z.enum(['simulated', 'closed-form']).default('simulated'),
  memory: z
    .strictObject({
      fraction: share().optional(),
      workspace: quantity('B', '2 GB', { min: 0, max: 1e13 }).optional(),
      usable: quantity('B', '79.6 GiB', { min: 1e6, max: 1e14 }).optional(),
    })
    .optional(),
  /** Speed of the engine relative to its card: all step times are divided by it. */
  engine_efficiency: number({ min: 0.05, max: 5 }).optional(),
  calibrated: ownCalibration.optional(),
  measured: z.strictObject({ output_tokens_per_second: number({ min: 1e-6, max: 1e9 }) }).optional(),
});

const reliability = z.strictObject({
  availability: share({ min: 0, max: 0.9999999 }).optional(),
  zones: count({ min: 1, max: 20 }).default(1),
  replica_availability: share().optional(),
});

const commitment = z.enum(['none', '1 year', '3 years']);

const rent = z
  .strictObject({
    /** On demand, per GPU-hour; beside an id it replaces the rental's own price. */
    price: perHour.optional(),
    id: cardId().optional(),
    commitment: commitment.default('none'),
    commitment_discount: share().optional(),
    /** How the price moves; what is committed to keeps that of the start of its term. */
    price_path: pricePath.optional(),
    /** Instances that the provider may take back: at the rental's spot price, with so many losses an instance-hour. */
    spot: z.union([z.literal(true), spotTerms.partial()]).optional(),
    gpus_per_instance: count({ min: 1, max: 1024 }).optional(),
    billing_unit: z
      .string()
      .regex(/^[1-9]\d{0,3} GPUs?$/, 'expected a number of GPUs up to 9,999, such as "8 GPUs"')
      .optional(),
  })
  .superRefine((value, context) => {
    if (value.price === undefined && value.id === undefined) {
      context.addIssue({ code: 'custom', message: 'needs a price per GPU-hour, or the id of a rental' });
    }
    if (value.spot !== undefined && value.commitment !== 'none') {
      context.addIssue({ code: 'custom', message: 'spot capacity cannot be committed to', path: ['spot'] });
    }
    if (value.gpus_per_instance !== undefined && value.billing_unit !== undefined) {
      context.addIssue({ code: 'custom', message: 'gpus_per_instance and billing_unit say the same thing; keep one' });
    }
  });

/** Rented or owned, one of the two. */
const capacity = z.strictObject({ rent: rent.optional(), own: own.optional() }).superRefine((value, context) => {
  if ((value.rent === undefined) === (value.own === undefined)) {
    context.addIssue({ code: 'custom', message: 'needs rent or own, one of the two' });
  }
});

const people = z
  .strictObject({
    /** Money, or hours of work paid at the one rate below. */
    setup: z.union([usd, quantity('h', '40 h', { min: 0, max: 1e6 }).transform((hours) => ({ hours }))]).optional(),
    hours_per_month: number({ min: 0, max: 1e6 }, 'h').default(0),
    rate: perHour.optional(),
    /** How the rate moves. */
    rate_path: pricePath.optional(),
    amortize_months: count({ min: 1, max: 600 }).optional(),
  })
  .superRefine((value, context) => {
    const needsRate = value.hours_per_month > 0 || typeof value.setup === 'object';
    if (needsRate && value.rate === undefined) {
      context.addIssue({ code: 'custom', message: 'needs a rate for its hours, such as "100 USD/h"' });
    }
  });

/** `typical`, `none`, or line by line: `typical`, `none` or a sum a month. */
const overheads = z.union([
  z.enum(['typical', 'none']),
  z.record(cardId(), z.union([z.enum(['typical', 'none']), usd])),
]);

const offer = z
  .strictObject({
    name: name().optional(),
    provider: cardReference().optional(),
    model: name().optional(),
    sheet: cardId().optional(),
    same_model: z.boolean().default(false),
    baseline: z.boolean().default(false),
    input: perMtok.optional(),
    output: perMtok.optional(),
    ...furtherPrices,
    ...priceRules,
    /** Of input that the cache reads and that is written to it. Both follow from what prompts have in common where absent. */
    cached_input_share: share().optional(),
    cache_write_share: share().optional(),
    per_request: usd.optional(),
    /** How all its prices move together. */
    price_path: pricePath.optional(),
    /** Tokens of this model for one of the scenario's: its tokenizer's for a prompt, its own brevity for an answer. */
    input_factor: number({ min: 0.01, max: 100 }).optional(),
    output_factor: number({ min: 0.01, max: 100 }).optional(),
    /** Hidden tokens of thought for each token of the answer, billed as output. */
    reasoning_ratio: number({ min: 0, max: 1000 }).optional(),
    /** Chance that a call fails after it was charged; it is repeated until one succeeds. */
    failure: share({ min: 0, max: 0.99 }).optional(),
    /** Chance that a call is turned away (429) without a charge; it is repeated until one is let in. */
    rejected: share({ min: 0, max: 0.99 }).optional(),
  })
  .superRefine((value, context) => {
    const listed = value.provider !== undefined && value.model !== undefined;
    const ways = [listed, value.sheet !== undefined].filter(Boolean).length;
    // Beside a list or a sheet a stated price takes the place of the one found there.
    const own = ways === 0 && value.input !== undefined && value.output !== undefined;
    if (ways !== 1 && !own) {
      context.addIssue({
        code: 'custom',
        message: 'needs its price in one way: input and output, or provider and model, or a sheet',
      });
    }
    if (own && value.name === undefined) {
      context.addIssue({ code: 'custom', message: 'needs a name', path: ['name'] });
    }
    if ((value.cached_input_share ?? 0) + (value.cache_write_share ?? 0) > 1) {
      const message = 'cached_input_share and cache_write_share make more than the whole input';
      context.addIssue({ code: 'custom', message, path: ['cache_write_share'] });
    }
  });

export const scenarioFile = z.strictObject({
  rackrate: z.literal(1, { error: 'expected "rackrate: 1", the version of this format' }),
  name: name(),
  description: z.string().max(2000).optional(),
  start: date().optional(),
  hours_per_month: number({ min: 600, max: 750 }, 'h').default(730),
  model: z.union([modelReference(), inlineModel]),
  serving,
  traffic,
  slo: slo.default({}),
  reliability: reliability.optional(),
  capacity,
  people: people.optional(),
  overheads: overheads.default('none'),
  transfers: transfers.optional(),
  compare: z.array(offer).max(MOST_OFFERS).default([]),
  horizons: z.array(billingMonths()).min(1).max(20).default([1, 12, 60]),
  discount_rate: share({ min: -0.5, max: 2 }).optional(),
  facility: cardId().default(DEFAULT_FACILITY),
  /** Read where weights are chosen, not by a run of weights that are given. */
  quality: quality.optional(),
  /** What `run` holds its result against. */
  assert: z.array(assertion, { error: 'expected a list of assertions' }).max(100).default([]),
});
export type Scenario = z.infer<typeof scenarioFile>;
