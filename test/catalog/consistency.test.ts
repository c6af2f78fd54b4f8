import { describe, expect, test } from 'vitest';
import { checkCatalog } from '../../src/catalog/consistency.ts';
import { memoryCatalog, type RawCards } from './memory-catalog.ts';

const AS_OF = '2026-11-22';

const datasheet = { ref: 'a datasheet', as_of: '2026-08', basis: 'datasheet' };
const quoted = { ref: 'a rate card', as_of: '2026-10-10', basis: 'quoted' };

const gpu = (id: string) => ({
  id,
  name: id,
  aliases: [`${id}-alias`],
  vendor: 'V',
  architecture: 'A',
  year: 2022,
  dense_flops: { fp32: '67 TFLOP/s', tf32: '494.7 TFLOP/s', bf16: '989.4 TFLOP/s', fp8: '1978.9 TFLOP/s' },
  memory: { marketed: '80 GB', usable: '79.1 GiB' },
  memory_bandwidth: '3.35 TB/s',
  tdp: '700 W',
  unsupported: ['fp4'],
  sources: { default: datasheet },
});

const healthy = () => ({
  gpu: { one: gpu('one'), other: { ...gpu('other'), architecture: 'B', memory_bandwidth: '4.8 TB/s' } },
  rental: {
    r: { id: 'r', name: 'R', provider: 'p', gpu: 'one', on_demand: '2.69 USD/h', sources: { default: quoted } },
  },
  price: {
    p: {
      id: 'p',
      name: 'P',
      provider: 'p',
      model: 'm',
      prices: [
        { from: '2025-01', input: '1 USD/Mtok', output: '2 USD/Mtok' },
        { from: '2026-01', input: '1 USD/Mtok', output: '3 USD/Mtok' },
      ],
      sources: { default: quoted },
    },
  },
});

type Healthy = ReturnType<typeof healthy>;

function rulesAfter(mutate: (cards: Healthy) => void): string[] {
  const cards = healthy();
  mutate(cards);
  return checkCatalog(memoryCatalog(cards as RawCards), AS_OF).map(
    ({ kind, id, rule, level }) => `${kind} ${id}: ${level} ${rule}`,
  );
}

test('healthy cards raise nothing', () => {
  expect(rulesAfter(() => {})).toEqual([]);
});

describe('each known mistake is found, and alone', () => {
  const mistakes: [what: string, mutate: (cards: Healthy) => void, found: string][] = [
    [
      'a sparse fp4 rate beside a dense fp8 one',
      (cards) => {
        cards.gpu.one.unsupported = [];
        Object.assign(cards.gpu.one.dense_flops, { fp4: '7915.6 TFLOP/s' });
      },
      'gpu one: error rate_ratio',
    ],
    [
      'a link counted both ways and over all GPUs',
      (cards) => Object.assign(cards.gpu.one, { link: { name: 'L', bandwidth: '3.6 TB/s', gpus: 8 } }),
      'gpu one: error link_direction',
    ],
    [
      'a bus link faster than the bus',
      (cards) =>
        Object.assign(cards.gpu.one, {
          link: { name: 'L', bandwidth: '63 GB/s', gpus: 8, topology: 'pcie' },
          pcie: '31.5 GB/s',
        }),
      'gpu one: error link_bus',
    ],
    [
      'a bridge over a whole machine',
      (cards) =>
        Object.assign(cards.gpu.one, { link: { name: 'L', bandwidth: '300 GB/s', gpus: 8, topology: 'bridge' } }),
      'gpu one: error link_bridge',
    ],
    [
      'a mesh that adds up',
      (cards) =>
        Object.assign(cards.gpu.one, {
          link: { name: 'L', bandwidth: '448 GB/s', gpus: 8, topology: 'mesh', reduces: true },
        }),
      'gpu one: error link_reduces',
    ],
    [
      'sparse fp8 beside dense bf16',
      (c) => (c.gpu.one.dense_flops.fp8 = '3957.8 TFLOP/s'),
      'gpu one: error rate_ratio',
    ],
    [
      'sparse bf16 beside dense tf32',
      (c) => (c.gpu.one.dense_flops.tf32 = '247.4 TFLOP/s'),
      'gpu one: error rate_ratio',
    ],
    ['TB/s written for GB/s', (c) => (c.gpu.one.memory_bandwidth = '335 TB/s'), 'gpu one: error ridge_point'],
    ['marketed GB taken over as GiB', (c) => (c.gpu.one.memory.usable = '80 GiB'), 'gpu one: error memory_digits'],
    ['marketed GB taken over as they are', (c) => (c.gpu.one.memory.usable = '80 GB'), 'gpu one: error memory_digits'],
    ['more usable than on the board', (c) => (c.gpu.one.memory.usable = '81 GiB'), 'gpu one: error memory_exceeds'],
    ['a rate the part has no units for', (c) => c.gpu.one.unsupported.push('fp8'), 'gpu one: error unsupported_rate'],
    [
      'two cards with one alias, letter case aside',
      (c) => c.gpu.other.aliases.push('ONE-Alias'),
      'gpu other: error alias_shared',
    ],
    ['an alias that is another card', (c) => c.gpu.other.aliases.push('One'), 'gpu other: error alias_shared'],
    ['an id unlike the file name', (c) => (c.gpu.other.id = 'another'), 'gpu other: error id_differs'],
    ['a quantity without unit', (c) => (c.gpu.other.tdp = '700'), 'gpu other: error malformed'],
    [
      'the price of a node for that of a GPU',
      (c) => (c.rental.r.on_demand = '55.04 USD/h'),
      'rental r: error rental_range',
    ],
    ['cents for dollars', (c) => (c.rental.r.on_demand = '0.02 USD/h'), 'rental r: error rental_range'],
    ['a rental of an unknown GPU', (c) => (c.rental.r.gpu = 'none'), 'rental r: error unknown_reference'],
    [
      'an old rental',
      (c) => (c.rental.r.sources.default = { ...quoted, as_of: '2025-11-22' }),
      'rental r: warning price_stale',
    ],
    [
      'an old price sheet',
      (c) => (c.price.p.sources.default = { ...quoted, as_of: '2024-02' }),
      'price p: warning price_stale',
    ],
    ['prices out of order', (c) => void c.price.p.prices.reverse(), 'price p: error price_order'],
    [
      'a source for a field that is not there',
      (c) => Object.assign(c.gpu.one.sources, { hbm_bandwidth: datasheet }),
      'gpu one: warning source_idle',
    ],
  ];
  test.each(mistakes)('%s', (_, mutate, found) => {
    expect(rulesAfter(mutate)).toEqual([found]);
  });
});

test('sparse rates throughout a card show against a sibling of its size', () => {
  const rules = rulesAfter(({ gpu: { one } }) => {
    one.architecture = 'B';
    one.dense_flops = { ...one.dense_flops, tf32: '989.4 TFLOP/s', bf16: '1978.9 TFLOP/s', fp8: '3957.8 TFLOP/s' };
  });
  expect(rules).toEqual(Array(3).fill('gpu one: warning sparse_suspected'));
});

test('a part of twice the size may have twice the rate', () => {
  const rules = rulesAfter(({ gpu: { one } }) => {
    one.architecture = 'B';
    one.dense_flops = { fp32: '134 TFLOP/s', tf32: '989.4 TFLOP/s', bf16: '1978.8 TFLOP/s', fp8: '3957.8 TFLOP/s' };
  });
  expect(rules).toEqual([]);
});

test('every number needs a source, by name, by a name above it, or by default', () => {
  const rules = (sources: object) => rulesAfter((cards) => Object.assign(cards.gpu.one, { sources }));
  const named = { dense_flops: datasheet, memory_bandwidth: datasheet, tdp: datasheet, year: datasheet };
  expect(rules({ ...named, memory: datasheet })).toEqual([]);
  expect(rules({ ...named, 'memory.usable': datasheet })).toEqual(['gpu one: error source_missing']);
  expect(rules({})).toHaveLength(9);
});

test('eleven months are not a year', () => {
  expect(rulesAfter((cards) => (cards.rental.r.sources.default = { ...quoted, as_of: '2025-11-23' }))).toEqual([]);
});
