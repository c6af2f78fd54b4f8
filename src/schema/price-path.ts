import * as z from 'zod';
import { count, share } from './fields.ts';

/** −30 % is three tenths off, 100 % twice as much. */
const change = share({ min: -0.999999, max: 100 });

/** How a price moves from month 1, in which it is what it is said to be. */
export const pricePath = z.strictObject({
  /** A year's change, the same each year or year by year; flat behind the end of a list. */
  yearly: z.union([change, z.array(change).min(1).max(50)]).optional(),
  /** Once a year, in months 13, 25 and so on, or a twelfth of the way each month. */
  steps: z.enum(['year', 'month']).default('year'),
  /** On top of that, from these months on. */
  shocks: z
    .array(z.strictObject({ month: count({ min: 2, max: 600 }), change }))
    .max(50)
    .default([]),
});
export type PricePath = z.infer<typeof pricePath>;
