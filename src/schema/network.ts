import * as z from 'zod';
import { cardId, name, quantity, sources } from './fields.ts';

/** What crosses from one machine to another, per GPU: the rate of its own port in one direction, and a message's delay. */
export const networkFields = {
  bandwidth: quantity('B/s', '50 GB/s', { min: 1e6, max: 1e14 }),
  latency: quantity('s', '5 us', { min: 0, max: 10 }),
};

export const networkCard = z.strictObject({
  id: cardId(),
  name: name(),
  aliases: z.array(name()).default([]),
  ...networkFields,
  sources,
});
