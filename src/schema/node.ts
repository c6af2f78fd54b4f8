import * as z from 'zod';
import { cardId, count, name, quantity, sources } from './fields.ts';

/** A server as it is bought: one dated price, and the power that a breaker is rated for. */
export const nodeCard = z.strictObject({
  id: cardId(),
  name: name(),
  gpu: cardId(),
  gpus: count({ min: 1, max: 1024 }),
  price: quantity('USD', '280000 USD', { min: 0, max: 1e9 }),
  /** Switches, cables and optics beyond the node's own network cards. */
  network_per_gpu: quantity('USD', '1500 USD', { min: 0, max: 1e6 }),
  provisioned_power: quantity('W', '10.2 kW', { min: 1, max: 1e7 }),
  sources,
});
