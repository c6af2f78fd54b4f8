import type { Catalog } from '../../catalog/catalog.ts';
import { type MeasuredRow, Skip, textOf } from './measured-row.ts';

/** A card's id is its family, and the last year it speaks for where another comes after: vllm-2023, vllm-2024, vllm. */
const DATED = /^(.+)-(20\d\d)$/;

/** The family that stands for an engine without a card: what most published tables ran. */
const GENERIC = 'vllm';

interface Name {
  id: string;
  name: string;
}

const familyOf = (id: string): string => DATED.exec(id)?.[1] ?? id;

/** Lower case, a version without its v: "vLLM v0.6.3" and "vllm 0.6.3" are one name. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/\bv(?=\d)/g, '')
    .trim();

/** Every id and alias, the longest first, so that the closest one is met before those it contains. */
function allNames(catalog: Catalog): Name[] {
  const names = catalog
    .ids('engine')
    .flatMap((id) =>
      [id, familyOf(id), ...(catalog.find('engine', id)?.aliases ?? [])].map((name) => ({ id, name: plain(name) })),
    );
  return names.sort((a, b) => b.name.length - a.name.length);
}

/**
 * The card of a family for a year: the first that speaks for it or a later one, else the one without a year, else the
 * newest there is.
 */
function ofYear(catalog: Catalog, family: string, year: number | undefined): string | undefined {
  const ids = catalog.ids('engine');
  const dated = ids
    .flatMap((id) => {
      const match = DATED.exec(id);
      return match?.[1] === family ? [{ id, year: Number(match[2]) }] : [];
    })
    .sort((a, b) => a.year - b.year);
  const inTime = year === undefined ? undefined : dated.find((card) => card.year >= year)?.id;
  return inTime ?? (ids.includes(family) ? family : dated.at(-1)?.id);
}

function yearOf(row: MeasuredRow): number | undefined {
  const match = /20\d\d/.exec(textOf(row, 'source_date'));
  return match === null ? undefined : Number(match[0]);
}

/** Whether a name goes on from an alias that states a version: "vllm 0.6" in "vllm 0.6.3.post1". */
function continues(name: string, alias: string): boolean {
  return /\d/.test(alias) && name.startsWith(alias) && /^(?:$|[.\s(,_-])/.test(name.slice(alias.length));
}

/** Whether an engine's name stands in a longer one as a word: "trtllm" in "nim 1.8 (trtllm)". */
function mentions(name: string, alias: string): boolean {
  const at = name.indexOf(alias);
  return at >= 0 && !/[a-z0-9]/.test(name[at - 1] ?? ' ') && !/[a-z]/.test(name[at + alias.length] ?? ' ');
}

/**
 * The engine card that a row's engine means.
 *
 * A name with a version or a year is that of a card which lists it, or lists the beginning of it. Any other name means
 * a family: that of the engine it mentions, and of it the card for the year the row was published. No name, or one of no
 * family, means the generic engine of the year.
 */
export function engineOf(row: MeasuredRow, catalog: Catalog): string {
  const name = plain(textOf(row, 'engine'));
  const names = allNames(catalog);
  const listed = names.find((known) => continues(name, known.name));
  if (listed !== undefined) return listed.id;
  const family = names.find((known) => mentions(name, known.name));
  const year = yearOf(row);
  const card =
    (family === undefined ? undefined : ofYear(catalog, familyOf(family.id), year)) ?? ofYear(catalog, GENERIC, year);
  if (card === undefined) throw new Skip(`no engine card for "${name}"`);
  return card;
}
