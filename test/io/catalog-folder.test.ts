import { describe, expect, test } from 'vitest';
import { CARD_KINDS, type CardKind } from '../../src/catalog/catalog.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { complaints, folderWith } from './folder.ts';

const source = 'sources: { default: { ref: a book, as_of: 2026-11, basis: quoted } }';
const shape = (id: string, extra = '') =>
  `id: ${id}\nname: The ${id}\nhours: [${Array.from({ length: 24 }, () => 1).join(', ')}]\n${extra}\n${source}\n`;
const rental = (price: string) => `id: r\nname: R\nprovider: p\ngpu: g\non_demand: ${price}\n${source}\n`;
const gpu = (id: string, aliases: string) =>
  `id: ${id}\nname: ${id}\naliases: [${aliases}]\nvendor: v\narchitecture: a\nyear: 2024\n` +
  `dense_flops: { bf16: 1 PFLOP/s }\nmemory: { marketed: 80 GB }\nmemory_bandwidth: 3 TB/s\ntdp: 700 W\n${source}\n`;

describe('a catalog in a folder', () => {
  const folder = folderWith({
    'scenarios/traffic/flat.yaml': shape('flat'),
    'scenarios/traffic/broken.yaml': shape('other', 'surplus: 1'),
    'scenarios/traffic/notes.txt': 'not a card',
    'hardware/gpus/g.yaml': gpu('g', 'Big One, G-80'),
    'hardware/rentals/r.yaml': rental('2 USD/h'),
  });
  const catalog = openCatalog(folder);

  test('lists ids in order and reads a card by id', () => {
    expect(catalog.ids('traffic')).toEqual(['broken', 'flat']);
    expect(catalog.ids('price')).toEqual([]);
    expect(catalog.find('rental', 'r')?.on_demand).toBe(2);
    expect(catalog.find('traffic', 'none')).toBeUndefined();
  });
  test('finds by alias whatever the case, and once read, the same card', () => {
    expect(catalog.find('gpu', 'BIG one')?.id).toBe('g');
    expect(catalog.find('gpu', 'G')?.dense_flops.bf16).toBe(1e15);
    expect(catalog.find('gpu', 'g-80')).toBe(catalog.find('gpu', 'g'));
  });
  test('says what is wrong with a malformed card, and where, but only when it is asked for', () => {
    expect(catalog.find('traffic', 'flat')?.name).toBe('The flat');
    expect(complaints(folder, () => catalog.find('traffic', 'broken'))).toEqual([
      expect.stringMatching(/scenarios\/traffic\/broken\.yaml:4:1: unknown key "surplus"/),
    ]);
  });
  test('an id that is not the name of its file', () => {
    const other = folderWith({ 'scenarios/traffic/a.yaml': shape('b') });
    expect(complaints(other, () => openCatalog(other).find('traffic', 'a'))[0]).toMatch(
      /must be the name of the file, "a"/,
    );
  });
  test('the first root that has an id wins', () => {
    const own = folderWith({ 'hardware/rentals/r.yaml': rental('1 USD/h') });
    expect(openCatalog(own, folder).find('rental', 'r')?.on_demand).toBe(1);
    expect(openCatalog(folder, own).find('rental', 'r')?.on_demand).toBe(2);
    expect(openCatalog(own, folder).find('gpu', 'Big One')?.id).toBe('g');
  });
});

test('without a root, it is the catalog of the package', () => {
  const kinds = Object.keys(CARD_KINDS) as CardKind[];
  expect(kinds.filter((kind) => openCatalog().ids(kind).length === 0)).toEqual([]);
});

test('every alias of every shipped card finds a card of that name', () => {
  const catalog = openCatalog();
  let aliases = 0;
  for (const kind of Object.keys(CARD_KINDS) as CardKind[]) {
    for (const id of catalog.ids(kind)) {
      const card = catalog.find(kind, id) as { aliases?: readonly string[] };
      for (const alias of card.aliases ?? []) {
        aliases += 1;
        const named = catalog.find(kind, alias.toUpperCase()) as { aliases?: readonly string[] } | undefined;
        expect(
          named?.aliases?.map((name) => name.toUpperCase()),
          alias,
        ).toContain(alias.toUpperCase());
      }
    }
  }
  expect(aliases).toBeGreaterThan(300);
});
