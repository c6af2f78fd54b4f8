import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CARD_KINDS, type Card, type CardKind } from '../../src/catalog/catalog.ts';
import { checkCatalog } from '../../src/catalog/consistency.ts';
import { parameterCount } from '../../src/model/parameters.ts';
import { memoryCatalog, type RawCards } from './memory-catalog.ts';

const ROOT = join(import.meta.dirname, '../..');
const KINDS = Object.keys(CARD_KINDS) as CardKind[];

/** The date the shipped prices are judged on. */
const AS_OF = '2026-11-22';

function readFolder(kind: CardKind): Record<string, unknown> {
  const folder = join(ROOT, CARD_KINDS[kind].folder);
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return Object.fromEntries(
    files.map((file) => [file.slice(0, -'.yaml'.length), parse(readFileSync(join(folder, file), 'utf8'))]),
  );
}

const raw: RawCards = Object.fromEntries(KINDS.map((kind) => [kind, readFolder(kind)]));
const catalog = memoryCatalog(raw);

function cards<K extends CardKind>(kind: K): Card<K>[] {
  return catalog.ids(kind).map((id) => catalog.find(kind, id) as Card<K>);
}

describe.each(KINDS)('every %s card', (kind) => {
  test.each(catalog.ids(kind))('%s fits its schema and is named for its id', (file) => {
    expect(catalog.find(kind, file)?.id).toBe(file);
  });
});

test('the catalog has none of the known mistakes', () => {
  expect(checkCatalog(catalog, AS_OF)).toEqual([]);
});

/** Active counts that a model card rounds more coarsely than 5 %, and by how much at most. */
const LOOSELY_ROUNDED: Record<string, number> = {
  // "12B" of 12.8B.
  'glm-4.5-air': 0.07,
};

test.each(cards('model').map((card) => [card.id, card] as const))('%s: shape gives the published count', (_, card) => {
  const { total, active } = parameterCount(card);
  expect(Math.abs(total / card.published_parameters - 1)).toBeLessThan(0.005);
  if (card.published_active_parameters === undefined) return;
  // Model cards count the embedding table as active and round to a digit or two.
  const table = card.vocab_size * card.hidden_size;
  const nearest = Math.min(
    Math.abs(active / card.published_active_parameters - 1),
    Math.abs((active + table) / card.published_active_parameters - 1),
  );
  expect(nearest).toBeLessThan(LOOSELY_ROUNDED[card.id] ?? 0.05);
});

describe('traffic shapes keep the ratios they are drawn from', () => {
  // Azure LLM inference traces 2024, as ratios to the weekly mean.
  const published = [
    { id: 'chat', peak: 1.65, trough: 0.47, weekday: 1.14, weekend: 0.65 },
    { id: 'code', peak: 3.01, trough: 0.1, weekday: 1.24, weekend: 0.4 },
  ];
  test.each(published)('$id', ({ id, peak, trough, weekday, weekend }) => {
    const hours = catalog.find('traffic', id)?.hours as number[];
    const mean = (part: readonly number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
    const week = mean(hours);
    expect(hours).toHaveLength(168);
    const within = (value: number, target: number) => expect(Math.abs(value / week / target - 1)).toBeLessThan(0.01);
    within(Math.max(...hours), peak);
    within(Math.min(...hours), trough);
    within(mean(hours.slice(0, 120)), weekday);
    within(mean(hours.slice(120)), weekend);
  });
});

test('two hosts of one model keep their own prices, and a price holds from its date on', () => {
  const priceOn = (id: string, day: string) =>
    catalog
      .find('price', id)
      ?.prices.filter(({ from }) => Date.parse(from) <= Date.parse(day))
      .at(-1);
  expect(priceOn('mistral-small-host', '2026-05-01')).toMatchObject({ input: 0.05, output: 0.08 });
  expect(priceOn('mistral-small', '2026-05-01')).toMatchObject({ input: 0.1, output: 0.3 });
  expect(priceOn('deepseek-chat', '2025-02-01')).toMatchObject({ input: 0.14, output: 0.28 });
  expect(priceOn('deepseek-chat', '2025-02-09')).toMatchObject({ input: 0.27, output: 1.1 });
});

test.each([
  ['gpu', 'H100-SXM', 'h100-sxm5-80gb'],
  ['gpu', 'A100-40G-SXM', 'a100-sxm4-40gb'],
  ['model', 'Llama-3.1-70B', 'llama-3.1-70b'],
  ['model', 'DSR1', 'deepseek-r1'],
  ['engine', 'vllm 0.18.0', 'vllm'],
  ['engine', 'trtllm', 'tensorrt-llm'],
] as const)('published tables call the %s "%s"; that is %s', (kind, alias, id) => {
  expect(catalog.find(kind, alias)?.id).toBe(id);
});
