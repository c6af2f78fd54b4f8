import { jsonSchemaOf } from '../schema/json-schema.ts';
import { CARD_KINDS, type CardKind } from './catalog.ts';

/** The block of a scenario that has a card's fields too, with a dot behind it. */
const BLOCKS: Partial<Record<CardKind, string>> = { gpu: 'serving.gpu.', model: 'model.', price: 'compare.' };

/** The form of a kind of card as JSON Schema draft-7, for editors. */
export function cardJsonSchema(kind: CardKind): object {
  const block = BLOCKS[kind];
  const places = [`@${kind}.`, '@', ...(block === undefined ? [] : [block])];
  return jsonSchemaOf(CARD_KINDS[kind].schema, `rackrate card of a ${CARD_KINDS[kind].label}`, places);
}
