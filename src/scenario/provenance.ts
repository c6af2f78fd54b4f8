import type { Source } from '../schema/fields.ts';

/** Where a card's field comes from, as one phrase: the field's own source, its parent's, or the card's default. */
export function cardSource(card: { id: string; sources: Record<string, Source> }, field: string): string {
  const parent = field.split('.')[0] as string;
  const source = card.sources[field] ?? card.sources[parent] ?? card.sources.default;
  return source === undefined ? card.id : `${card.id}: ${source.ref}, ${source.as_of} (${source.basis})`;
}
