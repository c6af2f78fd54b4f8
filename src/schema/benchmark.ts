import * as z from 'zod';
import { cardId, count, name, number, share, sources } from './fields.ts';
import { kvFormat } from './model.ts';

/** Mean lengths in tokens, for a table that names the data set instead. */
const lengths = z.strictObject({ input: number({ min: 1, max: 1e7 }), output: number({ min: 1, max: 1e7 }) });

/** What a public recipe sets, and for which runs: cards by id, nominal lengths, group sizes; what is absent means any. */
const recipe = z.strictObject({
  models: z.array(cardId()).optional(),
  engines: z.array(cardId()).optional(),
  gpus: z.array(cardId()).optional(),
  input: count({ min: 1, max: 1e7 }).optional(),
  output: count({ min: 1, max: 1e7 }).optional(),
  tensor_parallel_below: count({ min: 2, max: 1024 }).optional(),
  kv_cache: kvFormat.optional(),
  token_budget: count({ min: 1, max: 1e7 }).optional(),
  /** The budget is the longest request, prompt and answer, and this many tokens more. */
  token_budget_beyond_longest: count({ min: 0, max: 1e6 }).optional(),
  memory_fraction: share().optional(),
  /** GPUs of a group, where a table gives their number in all. */
  tensor_parallel: count({ min: 1, max: 1024 }).optional(),
  /** Of the data set that goes with these models. */
  lengths: lengths.optional(),
  /** Prompts are held back for so many iterations while others decode, so that more of them run together. */
  prompt_wait_iterations: count({ min: 0, max: 10_000 }).optional(),
  /** All requests carry one prompt, so that each pass routes them to the same experts. */
  prompts_alike: z.boolean().optional(),
});

/**
 * How a published benchmark loads what it measures, or how long the requests of a data set are: what a table of its
 * results leaves out because its readers know it.
 */
export const benchmarkCard = z.strictObject({
  id: cardId(),
  name: name(),
  /** A table's source or its notes name the benchmark by one of these. */
  aliases: z.array(name()).default([]),
  /** Requests in flight: each answered one is followed by the next, or all start together and none follows. */
  load: z.enum(['closed', 'static']).optional(),
  /** Requests of a run, as a multiple of those in flight; of a run whose arrivals have a rate, their number. */
  rounds: count({ min: 1, max: 10_000 }).optional(),
  requests: count({ min: 1, max: 1e7 }).optional(),
  /** Lengths are drawn evenly between these shares of the nominal ones. */
  spread: z.strictObject({ low: number({ min: 0.01, max: 1 }), high: number({ min: 0.01, max: 10 }) }).optional(),
  lengths: lengths.optional(),
  recipes: z.array(recipe).default([]),
  sources,
});
