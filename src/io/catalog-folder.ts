import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CARD_KINDS, type Card, type CardKind, type Catalog } from '../catalog/catalog.ts';
import { validateCard } from '../scenario/validate.ts';
import { InputError } from '../schema/problem.ts';
import { parseYamlText } from '../schema/yaml-text.ts';
import { locateAll } from './located-error.ts';
import { packageRoot } from './package-root.ts';
import { readRegular } from './regular-file.ts';
import { readYamlFile, type YamlFile } from './yaml-file.ts';

/** A catalog whose cards are files, for those who want to see the file itself. */
export interface FolderCatalog extends Catalog {
  /** The file of the card with this id or alias. */
  file(kind: CardKind, idOrAlias: string): YamlFile | undefined;
}

const ENDING = '.yaml';
const LARGEST_CARD = 1024 * 1024;

/**
 * The catalog in `hardware/` and `scenarios/` below each root, the first root that has an id winning.
 *
 * Ids are file names, so finding by id reads one file; aliases make it read the folder, once. Without a root it is
 * the catalog that ships with the package. A malformed card throws a LocatedError.
 */
export function openCatalog(...roots: readonly string[]): FolderCatalog {
  const places = roots.length === 0 ? [packageRoot()] : roots;
  const kinds = new Map<CardKind, KindFolder>();
  const folder = (kind: CardKind): KindFolder => {
    const known = kinds.get(kind) ?? openKind(kind, places);
    kinds.set(kind, known);
    return known;
  };
  return {
    ids: (kind) => folder(kind).ids,
    find: <K extends CardKind>(kind: K, name: string) => folder(kind).card(name) as Card<K> | undefined,
    file: (kind, name) => folder(kind).file(name),
  };
}

interface KindFolder {
  ids: readonly string[];
  card(idOrAlias: string): Card<CardKind> | undefined;
  file(idOrAlias: string): YamlFile | undefined;
}

function openKind(kind: CardKind, roots: readonly string[]): KindFolder {
  const paths = listCards(kind, roots);
  const files = new Map<string, YamlFile>();
  const cards = new Map<string, Card<CardKind>>();
  let aliases: Map<string, string> | undefined;

  const fileOf = (id: string): YamlFile => {
    const path = paths.get(id) as string;
    const file = files.get(id) ?? readYamlFile(path, shownPath(path));
    files.set(id, file);
    return file;
  };
  const idOf = (name: string): string | undefined => {
    if (paths.has(name)) return name;
    aliases ??= indexAliases(paths);
    return aliases.get(name.trim().toLowerCase());
  };
  const cardOf = (id: string): Card<CardKind> => {
    const card = cards.get(id) ?? readCard(kind, id, fileOf(id));
    cards.set(id, card);
    return card;
  };
  const whenKnown = <T>(name: string, get: (id: string) => T): T | undefined => {
    const id = idOf(name);
    return id === undefined ? undefined : get(id);
  };
  return { ids: [...paths.keys()], card: (name) => whenKnown(name, cardOf), file: (name) => whenKnown(name, fileOf) };
}

/** Path by id, ids in alphabetical order so that listings do not depend on the file system. */
function listCards(kind: CardKind, roots: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const root of roots) {
    const folder = join(root, CARD_KINDS[kind].folder);
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const id = name.slice(0, -ENDING.length);
      if (name.endsWith(ENDING) && !found.has(id)) found.set(id, join(folder, name));
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A card's aliases in its text: all up to the next key at the margin. */
const ALIASES = /^aliases:.*(?:\n(?![A-Za-z_#]).*)*/m;

/** The aliases of a card, without the rest of it, which takes ten times as long to parse. */
function aliasesIn(path: string): string[] {
  const [block] = ALIASES.exec(readRegular(path, path, LARGEST_CARD).toString('utf8')) ?? [];
  const parsed = block === undefined ? undefined : parseYamlText(block);
  if (!parsed?.ok) return [];
  const { aliases } = parsed.value as { aliases?: unknown };
  return Array.isArray(aliases) ? aliases.map(String) : [];
}

/** Names people use, without regard to case; an id is one of them. Where two cards share an alias, the first keeps it. */
function indexAliases(paths: ReadonlyMap<string, string>): Map<string, string> {
  const index = new Map([...paths.keys()].map((id) => [id.toLowerCase(), id]));
  for (const [id, path] of paths) {
    for (const alias of aliasesIn(path)) {
      const key = alias.toLowerCase();
      if (!index.has(key)) index.set(key, id);
    }
  }
  return index;
}

function readCard(kind: CardKind, id: string, file: YamlFile): Card<CardKind> {
  try {
    const card = validateCard(kind, file.value);
    if (card.id === id) return card;
    throw new InputError([{ path: ['id'], message: `the id must be the name of the file, "${id}"` }]);
  } catch (error) {
    throw error instanceof InputError ? locateAll(error, file.locate) : error;
  }
}

/** Short where the file lies below the working folder, which is where people look first. */
function shownPath(path: string): string {
  const below = relative('', path);
  return below.startsWith('..') ? path : below;
}
