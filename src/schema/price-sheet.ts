import * as z from 'zod';
import { cardId, date, name, quantity, share, sources } from './fields.ts';

const perMtok = quantity('USD/Mtok', '3 USD/Mtok', { min: 0, max: 1e6 });

/** One host's price of one model, valid from a date on; later entries replace earlier ones. */
const datedPrice = z.strictObject({
  from: date(),
  input: perMtok,
  output: perMtok,
  cached_input: perMtok.optional(),
});

/** An API price that no package carries: an own contract, a past price, a host not listed. */
export const priceSheetCard = z.strictObject({
  id: cardId(),
  name: name(),
  provider: name(),
  model: name(),
  prices: z.array(datedPrice).min(1),
  batch_discount: share().optional(),
  sources,
});
