import * as z from 'zod';
import { parseQuantity } from '../units/parse.ts';
import { printable } from './printable.ts';

/** The plausible range of a field; outside it the file is wrong more often than the world is surprising. */
export interface Range {
  min: number;
  max: number;
}

/** The end of a range, in a form that is read at a glance. */
export function shownLimit(limit: number): string {
  return Math.abs(limit) >= 1e6 ? limit.toExponential().replace('e+', 'e') : String(limit);
}

function outside(value: number, range: Range, unit: string): string | undefined {
  if (value >= range.min && value <= range.max) return undefined;
  return `${value} ${unit} is outside the plausible range ${shownLimit(range.min)} to ${shownLimit(range.max)} ${unit}`
    .replaceAll('  ', ' ')
    .trimEnd();
}

/**
 * A field that holds a quantity with its unit, given in files as text (`3.35 TB/s`) and read as a number in `unit`.
 *
 * A bare number is refused, because a quantity without its unit is the field's most frequent mistake.
 */
export function quantity(unit: string, example: string, range: Range) {
  return z
    .union([z.string(), z.number()], { error: `expected a quantity in ${unit}, such as "${example}"` })
    .meta({ unit, examples: [example], ...range })
    .transform((input, context) => {
      const parsed =
        typeof input === 'number'
          ? {
              ok: false as const,
              problem: `expected a quantity with its unit, such as "${example}"; ${input} has none`,
            }
          : parseQuantity(input, unit, example);
      if (!parsed.ok) {
        context.addIssue({ code: 'custom', message: parsed.problem });
        return z.NEVER;
      }
      const problem = outside(parsed.value, range, unit);
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: problem });
        return z.NEVER;
      }
      return parsed.value;
    });
}

/** A bare number whose unit the field's own name states. */
export function number(range: Range, what = '') {
  return z.number({ error: 'expected a number' }).superRefine((value, context) => {
    const problem = outside(value, range, what);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

/** A whole number of things. */
export function count(range: Range) {
  return number(range)
    .refine((value) => Number.isInteger(value), { error: 'expected a whole number' })
    .meta({ whole: true });
}

/** A share, given as 0..1 or as text such as "35 %"; read as 0..1. */
export function share(range: Range = { min: 0, max: 1 }) {
  return z
    .union([z.string(), z.number()], { error: 'expected a share, such as 0.35 or "35 %"' })
    .meta({ dimension: 'share', examples: ['35 %', 0.35], ...range })
    .transform((input, context) => {
      const match = typeof input === 'string' ? /^\s*([+-]?\d*\.?\d+)\s*%\s*$/.exec(input) : null;
      if (typeof input === 'string' && match === null) {
        context.addIssue({ code: 'custom', message: 'expected a share, such as 0.35 or "35 %"' });
        return z.NEVER;
      }
      const value = match === null ? (input as number) : Number(match[1]) / 100;
      if (!(value >= range.min && value <= range.max)) {
        const hint = typeof input === 'number' && input > 1 && input <= 100 ? `; did you mean "${input} %"?` : '';
        context.addIssue({
          code: 'custom',
          message: `a share must lie between ${range.min} and ${range.max}${hint}`,
        });
        return z.NEVER;
      }
      return value;
    });
}

/** Relative change per billing month: "3 %/month" or "40 %/year" (compounded: (1 + 40 %)^(1/12) − 1). */
export function growthPerMonth() {
  const example = 'expected a growth such as "3 %/month" or "40 %/year"';
  return z
    .union([z.string(), z.number()], { error: example })
    .meta({ dimension: 'share/month', examples: ['3 %/month'] })
    .transform((input, context) => {
      if (input === 0) return 0;
      const match = typeof input === 'string' ? /^\s*([+-]?\d*\.?\d+)\s*%\s*\/\s*(month|year)\s*$/.exec(input) : null;
      if (match === null) {
        context.addIssue({ code: 'custom', message: example });
        return z.NEVER;
      }
      const rate = Number(match[1]) / 100;
      if (!(rate > -0.99 && rate <= 10)) {
        context.addIssue({ code: 'custom', message: 'growth must lie between -99 % and +1000 %' });
        return z.NEVER;
      }
      return match[2] === 'year' ? (1 + rate) ** (1 / 12) - 1 : rate;
    });
}

/** A span counted in billing months: "1 month", "5 years", or a bare number of months. */
export function billingMonths() {
  const example = 'expected a horizon such as "1 month" or "5 years"';
  return z
    .union([z.string(), z.number()], { error: example })
    .meta({ dimension: 'month', examples: ['5 years'] })
    .transform((input, context) => {
      const match = typeof input === 'string' ? /^\s*(\d+)\s*(months?|years?)\s*$/.exec(input) : null;
      const months = match === null ? input : Number(match[1]) * ((match[2] as string).startsWith('year') ? 12 : 1);
      if (typeof months !== 'number' || !Number.isInteger(months) || months < 1 || months > 120) {
        context.addIssue({ code: 'custom', message: `${example}, at most 10 years` });
        return z.NEVER;
      }
      return months;
    });
}

/** The 31st of February parses as a day in March, so the text must come back as it was. */
function isCalendarDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** A calendar date, YYYY-MM-DD, or a month, YYYY-MM. */
export function date() {
  return z
    .string({ error: 'expected a date such as "2026-12-01"' })
    .refine((text) => /^\d{4}-\d{2}(-\d{2})?$/.test(text) && isCalendarDate(text), {
      error: 'expected a date such as "2026-12-01"',
    });
}

export function name() {
  return z
    .string({ error: 'expected a text' })
    .min(1, 'expected a text')
    .max(200, 'at most 200 characters')
    .refine((text) => printable(text) === text, { error: 'holds a control character' });
}

/** The id of a catalog card: its file name without the ending. */
export function cardId() {
  return z
    .string({ error: 'expected a name' })
    .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'an id has lower-case letters, digits, dots and dashes');
}

/** How a file names a card: by id, or by one of its aliases, as other people's tables write them. */
export function cardReference() {
  return z
    .string({ error: 'expected a name from the catalog' })
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._/+()-]{0,99}$/, 'expected a name from the catalog');
}

/** A model by what its card is called, or by a file that ends in .json: a checkpoint's configuration. */
export function modelReference() {
  const expected = 'expected the name of a catalog card or of a config.json';
  return z
    .string({ error: expected })
    .max(1000, expected)
    .refine((text) => text.endsWith('.json') || cardReference().safeParse(text).success, { error: expected })
    .refine((text) => printable(text) === text, { error: 'holds a control character' });
}

/** Where a number comes from. `basis` says how far to trust it; `recalled` is a published figure that was not read again. */
export const source = z.strictObject({
  ref: name(),
  url: z.string().max(500).optional(),
  as_of: date(),
  basis: z.enum(['datasheet', 'measured', 'quoted', 'estimated', 'fitted', 'recalled']),
  note: z.string().max(600).optional(),
});
export type Source = z.infer<typeof source>;

/** Sources by field name; `default` covers every field not named. */
export const sources = z.record(z.string(), source);
