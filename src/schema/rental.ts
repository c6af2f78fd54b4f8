import * as z from 'zod';
import { cardId, count, name, number, quantity, sources } from './fields.ts';

const perGpuHour = quantity('USD/h', '2.69 USD/h', { min: 0, max: 10_000 });

/** How often a spot instance is taken back, and how long until another serves in its place. */
export const spotTerms = z.strictObject({
  losses_per_hour: number({ min: 0, max: 60 }),
  recovery: quantity('h', '10 min', { min: 0, max: 1000 }),
});

/** One provider's dated price of one GPU, per GPU-hour. */
export const rentalCard = z.strictObject({
  id: cardId(),
  name: name(),
  provider: name(),
  gpu: cardId(),
  region: name().optional(),
  on_demand: perGpuHour,
  reserved_1_year: perGpuHour.optional(),
  reserved_3_years: perGpuHour.optional(),
  spot: perGpuHour.optional(),
  gpus_per_instance: count({ min: 1, max: 1024 }).default(1),
  sources,
});
