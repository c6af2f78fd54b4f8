import { CARD_KINDS, type Card, type CardKind, type Catalog } from '../../src/catalog/catalog.ts';
import { InputError } from '../../src/schema/problem.ts';

/** Raw documents by kind and file name, as they stand in the folders. */
export type RawCards = { [K in CardKind]?: Record<string, unknown> };

/** A catalog over plain objects: each is parsed when it is asked for, as a file would be. */
export function memoryCatalog(raw: RawCards): Catalog {
  const parse = <K extends CardKind>(kind: K, file: string): Card<K> => {
    const result = CARD_KINDS[kind].schema.safeParse(raw[kind]?.[file]);
    if (!result.success) {
      throw new InputError(
        result.error.issues.map(({ path, message }) => ({
          path: path.filter((key) => typeof key !== 'symbol'),
          message: `${path.join('.')}: ${message}`,
        })),
      );
    }
    return result.data as Card<K>;
  };
  const ids = (kind: CardKind) => Object.keys(raw[kind] ?? {});
  return {
    ids,
    find(kind, idOrAlias) {
      if (ids(kind).includes(idOrAlias)) return parse(kind, idOrAlias);
      for (const file of ids(kind)) {
        const card = parse(kind, file);
        if ('aliases' in card && card.aliases.includes(idOrAlias)) return card;
      }
      return undefined;
    },
  };
}
