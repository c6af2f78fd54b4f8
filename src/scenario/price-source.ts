/** A question to a price list: whose price, of what, when, and for which requests. */
export interface PriceQuery {
  provider: string;
  model: string;
  /** YYYY-MM-DD. */
  date: string;
  /** 168 hourly load weights, for prices that depend on the time of day. */
  shape: readonly number[];
  /** Mean prompt, for prices that depend on its length. */
  inputTokens: number;
}

export interface ListedPrice {
  name: string;
  inputUsdPerMtok: number;
  outputUsdPerMtok: number;
  cachedInputUsdPerMtok?: number;
  source: string;
  asOf: string;
}

/** A price, or why there is none and which names come nearest. */
export type PriceAnswer = { found: true; price: ListedPrice } | { found: false; problem: string };

/** Where API prices come from. A package's list is one implementation; a page may carry another. */
export type PriceSource = (query: PriceQuery) => PriceAnswer;
