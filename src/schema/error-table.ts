import * as z from 'zod';
import { cardId, count, name, number, share, sources } from './fields.ts';

/**
 * What an error is of: `speed` is everything that step times add up to (times between tokens, throughput, latencies of
 * whole batches), on which a price rests; `decode` is the times between tokens alone, `ttft` those to the first.
 */
export const errorFamily = z.enum(['speed', 'decode', 'ttft']);
export type ErrorFamily = z.infer<typeof errorFamily>;

const size = () => share({ min: 0, max: 10 });

/** What it costs at the 80th percentile to have measured nothing of a GPU, a model or an engine. */
const leftOut = z.strictObject({ gpu: size(), model: size(), engine: size() });

const cell = z.strictObject({
  /** Ids of cards; the architecture is the GPU's. */
  gpu: cardId(),
  architecture: name(),
  model_kind: z.enum(['dense', 'moe']),
  engine: cardId(),
  family: errorFamily,
  models: z.array(cardId()),
  n: count({ min: 1, max: 1e7 }),
  median: size(),
  p80: size(),
  /** Median of predicted over measured, less 1. */
  bias: number({ min: -1, max: 100 }),
});
export type ErrorCell = z.infer<typeof cell>;

/**
 * How wrong predictions were on measured rows that the fit had not seen, by what was measured. Its id is that of the
 * calibration whose errors these are.
 */
export const errorTable = z.strictObject({
  id: cardId(),
  name: name(),
  /** By how much the same configuration differs from one measurement to the next: no prediction is surer than that. */
  noise_floor: share(),
  left_out: z.record(errorFamily, leftOut),
  cells: z.array(cell),
  sources,
});
export type ErrorTable = z.infer<typeof errorTable>;
