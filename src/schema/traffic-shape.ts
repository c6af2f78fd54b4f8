import * as z from 'zod';
import { cardId, name, number, sources } from './fields.ts';

/** Relative load by hour: 24 numbers (a day) or 168 (a week, Monday 00:00 first). Only their ratios matter. */
export const hourlyShape = z
  .array(number({ min: 0, max: 1e9 }))
  .refine((hours) => hours.length === 24 || hours.length === 168, { error: 'expected 24 or 168 numbers' })
  .refine((hours) => hours.some((value) => value > 0), { error: 'at least one hour must have load' });

export const trafficShapeCard = z.strictObject({
  id: cardId(),
  name: name(),
  hours: hourlyShape,
  sources,
});
