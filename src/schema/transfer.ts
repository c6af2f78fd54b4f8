import * as z from 'zod';
import { cardId, number, quantity } from './fields.ts';

const perGb = quantity('USD/GB', '0.09 USD/GB', { min: 0, max: 100 });
const size = quantity('B', '140 GB', { min: 0, max: 1e18 });

/** What a provider charges on one way out: nothing for the first bytes of a month, then by tiers of the whole volume. */
export const transferTariff = z
  .strictObject({
    free: size.default(0),
    /** Each tier reaches from the end of the one before, the free bytes included; the last has no end. */
    tiers: z.array(z.strictObject({ up_to: size.optional(), rate: perGb })).min(1),
  })
  .superRefine(({ tiers }, context) => {
    let before = 0;
    for (const [index, { up_to: end }] of tiers.entries()) {
      const isLast = index === tiers.length - 1;
      if (isLast ? end !== undefined : end === undefined || end <= before) {
        const message = isLast ? 'the last tier has no up_to' : 'up_to must rise from tier to tier';
        context.addIssue({ code: 'custom', message, path: ['tiers', index] });
      }
      before = end ?? before;
    }
  });

/** Data moved every month beside the answers themselves, by the way it takes: weights, logs, images. */
export const transfers = z.record(
  cardId(),
  z.strictObject({
    /** Of one event. */
    amount: size,
    times_per_month: number({ min: 0, max: 1e9 }).default(1),
    /** In place of the tariff's free bytes, which something else may have used up. */
    free: size.optional(),
    /** One price for all of it, in place of the tariff. */
    price: perGb.optional(),
  }),
);
