import * as z from 'zod';
import { furtherPrices, perMtok, priceRules } from './api-price.ts';
import { cardId, date, name, sources } from './fields.ts';

/** One host's price of one model, valid from a date on; later entries replace earlier ones. */
const datedPrice = z.strictObject({
  from: date(),
  input: perMtok,
  output: perMtok,
  ...furtherPrices,
});

/** An API price that no package carries: an own contract, a past price, a host not listed. */
export const priceSheetCard = z.strictObject({
  id: cardId(),
  name: name(),
  provider: name(),
  model: name(),
  prices: z.array(datedPrice).min(1),
  ...priceRules,
  sources,
});
