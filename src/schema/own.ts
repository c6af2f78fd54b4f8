import * as z from 'zod';
import { billingMonths, cardId, count, number, quantity, share } from './fields.ts';

const usd = quantity('USD', '1500 USD', { min: 0, max: 1e12 });

/** Resale value as a share of the price after each year; between them on a straight line from 1 at the start. */
export const residualCurve = z.array(share()).min(1).max(20);

/** Everything about owned nodes that the catalog has a default for. Shares of a price are of what was paid. */
export const own = z.strictObject({
  node: cardId().optional(),
  /** Of one node, in place of the card's. */
  price: usd.optional(),
  gpus_per_node: count({ min: 1, max: 1024 }).optional(),
  network_per_gpu: usd.optional(),
  provisioned_power: quantity('W', '10.2 kW', { min: 1, max: 1e7 }).optional(),
  /** Mean draw of a node at any load, in place of the one that follows the load. */
  power_per_node: quantity('W', '6.5 kW', { min: 0, max: 1e7 }).optional(),
  /** Storage, CPU and management nodes, and parts kept in stock: shares of the price of the nodes. */
  ancillary: share().optional(),
  spares: share().optional(),
  /** Freight, racking and burn-in: a share of everything bought. */
  install: share().optional(),
  life: billingMonths().optional(),
  /** At the end of life, falling to it on a straight line; or year by year. */
  residual: z.union([residualCurve, share()]).optional(),
  cost_of_capital: share({ min: 0, max: 2 }).optional(),
  site: cardId().optional(),
  electricity: quantity('USD/kWh', '0.09 USD/kWh', { min: 0, max: 10 }).optional(),
  /** A month, per kW of provisioned power. */
  colocation: quantity('USD/kW', '184 USD/kW', { min: 0, max: 10_000 }).optional(),
  pue: number({ min: 1, max: 4 }).optional(),
  /** A year, as shares of what the nodes and their network cost. */
  support: share().optional(),
  tax_and_insurance: share().optional(),
  /** Cross-connects and transit, a month. */
  transit: usd.optional(),
});
