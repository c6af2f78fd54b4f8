import * as z from 'zod';
import { cardId, name, quantity, sources } from './fields.ts';

/** What power and floor space cost somewhere. */
export const siteCard = z.strictObject({
  id: cardId(),
  name: name(),
  electricity: quantity('USD/kWh', '0.09 USD/kWh', { min: 0, max: 10 }),
  /** A month, per kW of provisioned power; the energy itself is metered on top. */
  colocation: quantity('USD/kW', '184 USD/kW', { min: 0, max: 10_000 }),
  sources,
});
