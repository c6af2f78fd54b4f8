import * as z from 'zod';
import { count, number, quantity, share } from './fields.ts';

/** What API prices are made of, whoever states them: a scenario's offer, or a sheet of the catalog. */

export const perMtok = quantity('USD/Mtok', '3 USD/Mtok', { min: 0, max: 1e6 });

const perMinute = number({ min: 1e-6, max: 1e15 });

/** Prices of prompts longer than `above` tokens, cached ones included. They apply to the whole request; what is not named stays. */
const tier = z.strictObject({
  above: count({ min: 1, max: 1e9 }),
  input: perMtok.optional(),
  output: perMtok.optional(),
  cached_input: perMtok.optional(),
  cache_write: perMtok.optional(),
});

/** Prices beside those of input and output. */
export const furtherPrices = {
  /** Of input that is read from the provider's cache. */
  cached_input: perMtok.optional(),
  /** Of input that is put into the cache, in place of the price of input. */
  cache_write: perMtok.optional(),
  /** Of keeping a million tokens in the cache for an hour. */
  cache_storage: quantity('USD/Mtok/h', '1 USD/Mtok/h', { min: 0, max: 1e6 }).optional(),
  tiers: z.array(tier).max(10).optional(),
};

/** What comes with a price: rules of its cache, of its batch price, and how much may be asked of it. */
export const priceRules = {
  /**
   * How long the cache keeps a prompt: from its last use, or from its writing where storage has a price. Until it is
   * asked again where absent.
   */
  cache_ttl: quantity('s', '5 min', { min: 1, max: 1e8 }).optional(),
  /** Beginnings of prompts shorter than this are not cached. */
  cache_min_tokens: count({ min: 1, max: 1e7 }).optional(),
  /** Off the whole price for requests that can wait. */
  batch_discount: share().optional(),
  /** How long the provider may take over them. Traffic that cannot wait so long pays the full price. */
  batch_window: quantity('s', '24 h', { min: 1, max: 1e7 }).optional(),
  /** The most that may be asked in a minute. */
  limits: z
    .strictObject({
      requests_per_minute: perMinute.optional(),
      input_tokens_per_minute: perMinute.optional(),
      output_tokens_per_minute: perMinute.optional(),
      /** Whether input that is read from the cache counts; it does where absent. */
      cached_input: z.enum(['counted', 'free']).optional(),
    })
    .optional(),
};
