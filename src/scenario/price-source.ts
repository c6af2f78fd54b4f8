/** A question to a price list: whose price, of what, and when. */
export interface PriceQuery {
  provider: string;
  model: string;
  /** YYYY-MM-DD. */
  date: string;
  /** 168 hourly load weights, for prices that depend on the time of day. */
  shape: readonly number[];
}

/** Prices of a million tokens. */
export interface TokenPrices {
  inputUsdPerMtok: number;
  outputUsdPerMtok: number;
  /** Where reading from the cache, or writing to it, has a price of its own. */
  cachedInputUsdPerMtok?: number;
  cacheWriteUsdPerMtok?: number;
}

/** Prices of requests whose prompts are longer than `above` tokens. */
export interface PriceTier extends TokenPrices {
  above: number;
}

export interface ListedPrice extends TokenPrices {
  name: string;
  /** By rising length. */
  tiers?: readonly PriceTier[];
  /** Of keeping a million tokens in the cache for an hour. */
  cacheStorageUsdPerMtokHour?: number;
  source: string;
  asOf: string;
}

/** A price, or why there is none and which names come nearest. */
export type PriceAnswer = { found: true; price: ListedPrice } | { found: false; problem: string };

/** Where API prices come from. A package's list is one implementation; a page may carry another. */
export type PriceSource = (query: PriceQuery) => PriceAnswer;
