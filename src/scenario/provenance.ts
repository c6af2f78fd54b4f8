import type { Source } from '../schema/fields.ts';

interface Sourced {
  id: string;
  sources: Record<string, Source>;
}

/** The field's own source, its parent's, or the card's default. */
function sourceOf({ sources }: Sourced, field: string): Source | undefined {
  return sources[field] ?? sources[field.split('.')[0] as string] ?? sources.default;
}

/** Where a card's field comes from, as one phrase. */
export function cardSource(card: Sourced, field: string): string {
  const source = sourceOf(card, field);
  return source === undefined ? card.id : `${card.id}: ${source.ref}, ${source.as_of} (${source.basis})`;
}

/** What a price of the catalog is of, with its date. */
export interface PriceDate {
  what: string;
  asOf: string;
}

/** The date of a card's field; none where it has no source. */
export function priceDate(card: Sourced, field: string): PriceDate[] {
  const source = sourceOf(card, field);
  return source === undefined ? [] : [{ what: field.replaceAll('_', ' '), asOf: source.as_of }];
}
