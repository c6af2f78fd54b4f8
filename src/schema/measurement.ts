import * as z from 'zod';
import { cardId, count, name, number, sources } from './fields.ts';

const tokens = count({ min: 1, max: 1e7 });
const gpus = count({ min: 1, max: 100_000 });

/** One published figure: lengths in tokens as the publication gives them, absent where it does not. */
const fact = z.strictObject({
  isl: tokens.optional(),
  osl: tokens.optional(),
  concurrency: count({ min: 1, max: 1e6 }).optional(),
  request_rate: number({ min: 0, max: 1e6 }).optional(),
  metric: name().optional(),
  value: number({ min: 0, max: 1e9 }),
});

/** Figures of one deployment; formats and names as the publication has them. What it sets itself goes before the card's. */
const run = z.strictObject({
  engine: name().optional(),
  scenario: name().optional(),
  metric: name().optional(),
  /** What a row of a table would note: the data set, a static batch, the number of requests. */
  notes: name().optional(),
  model: name(),
  weights: name().optional(),
  kv: name().optional(),
  gpu: name(),
  num_gpus: gpus,
  tp: gpus.optional(),
  pp: gpus.optional(),
  ep: gpus.optional(),
  dp: gpus.optional(),
  rows: z.array(fact).min(1).max(1000),
});

/** What one publication measured, retyped: what is common to all its figures once, the figures by deployment. */
export const measurementCard = z.strictObject({
  id: cardId(),
  name: name(),
  by: name(),
  /** Year, month and day as far as the publication tells. */
  published: z.string().regex(/^\d{4}(-\d{2}){0,2}$/),
  engine: name(),
  scenario: name(),
  metric: name(),
  notes: name().optional(),
  runs: z.array(run).min(1).max(1000),
  sources,
});
