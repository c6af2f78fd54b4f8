import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CARD_KINDS, type Card, type CardKind } from '../../src/catalog/catalog.ts';
import { checkCatalog, type Finding } from '../../src/catalog/consistency.ts';
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

/** Rents of parts that lists of today leave out, from an older one. */
const OLD_RENTALS = ['aws-g4dn-t4', 'aws-g5-a10g', 'aws-g6-l4', 'aws-p3dn-v100'];

/** Prices of servers, tariffs and floor space come out late and seldom; the warning stands, and a run repeats it. */
const isOldCapital = ({ kind, rule, id }: Finding) =>
  rule === 'price_stale' && (kind === 'node' || kind === 'site' || OLD_RENTALS.includes(id));

test('the catalog has none of the known mistakes', () => {
  const findings = checkCatalog(catalog, AS_OF);
  expect(findings.filter((finding) => !isOldCapital(finding))).toEqual([]);
  for (const finding of findings) expect(finding.level).toBe('warning');
});

/** Active counts that a model card rounds more coarsely than 5 %, and by how much at most. */
const LOOSELY_ROUNDED: Record<string, number> = {
  // "12B" of 12.8B.
  'glm-4.5-air': 0.07,
};

test.each(cards('model').map((card) => [card.id, card] as const))('%s: shape gives the published count', (_, card) => {
  const { total, active } = parameterCount(card);
  const billions = (count: number) => (count / 1e9).toFixed(3).padStart(9);
  const off = `${(100 * (total / card.published_parameters - 1)).toFixed(2)} %`;
  process.stdout.write(
    `${card.id.padEnd(32)}${billions(total)} B by shape${billions(card.published_parameters)} B published  ${off}\n`,
  );
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

describe('every GPU card', () => {
  const gpus = cards('gpu').map((card) => [card.id, card] as const);

  test('the makers and what each part needs to serve', () => {
    const makers = [...new Set(gpus.map(([, { vendor }]) => vendor))].sort();
    expect(makers).toEqual(['AMD', 'AWS', 'Apple', 'Google', 'Intel', 'NVIDIA']);
    expect(gpus).toHaveLength(51);
  });

  test.each(gpus)('%s: 16-bit arithmetic over bandwidth, year, link and source are plausible', (_, card) => {
    const { bf16, fp16 } = card.dense_flops;
    const ridge = ((bf16 ?? fp16) as number) / card.memory_bandwidth;
    expect(ridge).toBeGreaterThan(30);
    expect(ridge).toBeLessThan(600);
    expect(card.year).toBeGreaterThanOrEqual(2017);
    expect(card.year).toBeLessThanOrEqual(2026);
    // NVLink 4 is 900 GB/s both ways on its datasheet, NVLink 5 is 1,800: cards hold one direction.
    const oneWay = { 'NVLink 2': 150e9, 'NVLink 3': 300e9, 'NVLink 4': 450e9, 'NVLink 5': 900e9 };
    const most = oneWay[card.link?.name.slice(0, 8) as keyof typeof oneWay];
    if (card.link !== undefined && most !== undefined) expect(card.link.bandwidth).toBeLessThanOrEqual(most);
    // A pair in a mesh of n sees 1/(n-1) of the whole, which is a link of its own and below a switch's.
    if (card.link?.topology === 'mesh') expect(card.link.bandwidth / (card.link.gpus - 1)).toBeLessThan(80e9);
    if (card.tdp === undefined) expect(card.sources['default']?.note).toContain('no power is published');
  });

  test.each(gpus.filter(([, { tdp }]) => tdp !== undefined))('%s: FLOP per joule within its decade', (_, card) => {
    const { bf16, fp16 } = card.dense_flops;
    const perJoule = ((bf16 ?? fp16) as number) / (card.tdp as number);
    expect(perJoule).toBeGreaterThan(1e11);
    expect(perJoule).toBeLessThan(4e12);
  });
});

test.each([
  ['gpu', 'H100-SXM', 'h100-sxm5-80gb'],
  // A bare name is the part that data centres run most: SXM before PCIe, 80 GB before 40.
  ['gpu', 'H100', 'h100-sxm5-80gb'],
  ['gpu', 'A100', 'a100-sxm4-80gb'],
  ['gpu', 'V100', 'v100-sxm2-32gb'],
  ['gpu', 'RTX PRO 6000', 'rtx-pro-6000-server'],
  ['gpu', 'NVIDIA H100 80GB HBM3', 'h100-sxm5-80gb'],
  ['gpu', 'h100_sxm', 'h100-sxm5-80gb'],
  ['gpu', 'H100-NVL', 'h100-nvl-94gb'],
  ['gpu', 'GB200-NVL72', 'gb200-186gb'],
  ['gpu', 'GH200', 'gh200-96gb'],
  ['gpu', 'AMD Instinct MI300X', 'mi300x'],
  ['gpu', 'TPU v5e-1', 'tpu-v5e'],
  ['gpu', 'trn2', 'trainium-2'],
  ['gpu', 'Gaudi 3', 'gaudi-3'],
  ['gpu', 'A100-40G-SXM', 'a100-sxm4-40gb'],
  ['model', 'Llama-3.1-70B', 'llama-3.1-70b'],
  ['model', 'DSR1', 'deepseek-r1'],
  ['engine', 'vllm 0.18.0', 'vllm'],
  ['engine', 'trtllm', 'tensorrt-llm'],
] as const)('published tables call the %s "%s"; that is %s', (kind, alias, id) => {
  expect(catalog.find(kind, alias)?.id).toBe(id);
});
