import type { ComputeFormat } from '../schema/gpu.ts';
import { InputError } from '../schema/problem.ts';
import { CARD_KINDS, type Card, type CardKind, type Catalog } from './catalog.ts';
import { monthsBetween, STALE_MONTHS } from './price-age.ts';

/** One thing about a card that is wrong (`error`) or likely wrong (`warning`). `rule` names the check that found it. */
export interface Finding {
  rule: string;
  kind: CardKind;
  id: string;
  level: 'error' | 'warning';
  message: string;
}

type Note = Pick<Finding, 'rule' | 'level' | 'message'>;

const error = (rule: string, message: string): Note => ({ rule, level: 'error', message });
const warning = (rule: string, message: string): Note => ({ rule, level: 'warning', message });

const GIB_PER_GB = 2 ** 30 / 1e9;
const FASTEST_LINK = 1.8e12;
const KINDS = Object.keys(CARD_KINDS) as CardKind[];

function near(value: number, target: number, tolerance: number): boolean {
  return Math.abs(value / target - 1) <= tolerance;
}

/** Rates whose ratio is fixed by the hardware; anything else mixes a sparse figure with a dense one. */
const RATE_RATIOS: readonly { top: ComputeFormat; bottom: ComputeFormat; allowed: readonly number[] }[] = [
  { top: 'fp8', bottom: 'bf16', allowed: [1, 2] },
  { top: 'bf16', bottom: 'tf32', allowed: [1, 2] },
  { top: 'fp16', bottom: 'bf16', allowed: [1] },
  { top: 'int8', bottom: 'bf16', allowed: [1, 2] },
  { top: 'fp4', bottom: 'fp8', allowed: [1, 2, 3] },
];

/** Parts whose published dense rates stand in another ratio, and why that is no mistake. */
const OWN_RATIOS: Record<string, readonly { of: `${ComputeFormat}/${ComputeFormat}`; ratio: number }[]> = {
  // GeForce halves what accumulates in fp32; int8 and fp4 are not halved.
  'rtx-3090': [{ of: 'int8/bf16', ratio: 4 }],
  'rtx-4090': [{ of: 'int8/bf16', ratio: 4 }],
  'rtx-5090': [
    { of: 'int8/bf16', ratio: 4 },
    { of: 'fp4/fp8', ratio: 4 },
  ],
  // Blackwell Ultra gave up its int8 units for fp4.
  'b300-sxm-288gb': [{ of: 'int8/bf16', ratio: 0.0682 }],
  'gb300-279gb': [{ of: 'int8/bf16', ratio: 0.066 }],
  // AWS publishes these as they are; the sparse peaks are other figures.
  'trainium-2': [{ of: 'fp8/bf16', ratio: 1.948 }],
  'trainium-3': [{ of: 'fp8/bf16', ratio: 3.751 }],
};

/** Parts with half the tensor rates of a sibling of the same size, by design: product segments, not sparsity. */
const HALVED_PARTS: readonly string[] = ['l40'];

function* gpuRatios({ id, dense_flops: rates }: Card<'gpu'>): Generator<Note> {
  for (const { top, bottom, allowed } of RATE_RATIOS) {
    const upper = rates[top];
    const lower = rates[bottom];
    if (upper === undefined || lower === undefined) continue;
    const own = (OWN_RATIOS[id] ?? []).filter(({ of }) => of === `${top}/${bottom}`).map(({ ratio }) => ratio);
    if ([...allowed, ...own].some((ratio) => near(upper / lower, ratio, 0.02))) continue;
    const ratio = (upper / lower).toFixed(2);
    yield error(
      'rate_ratio',
      `${top} is ${ratio} times ${bottom}, expected ${allowed.join(' or ')}; is one of them a sparse rate?`,
    );
  }
}

function* gpuRidge({ dense_flops: rates, memory_bandwidth: bandwidth }: Card<'gpu'>): Generator<Note> {
  const sixteen = rates.bf16 ?? rates.fp16;
  if (sixteen === undefined) return;
  const ridge = sixteen / bandwidth;
  if (ridge >= 20 && ridge <= 1000) return;
  yield error(
    'ridge_point',
    `${rates.bf16 === undefined ? 'fp16' : 'bf16'} rate over bandwidth is ${ridge.toPrecision(3)} FLOP/B, outside 20 to 1000; check the prefixes`,
  );
}

/**
 * Stickers count GB or GiB, so what is usable may exceed the sticker's GB but never its GiB. Usable digits that equal
 * the sticker's, in either unit, were copied and not measured.
 */
function* gpuMemory({ memory: { marketed, usable } }: Card<'gpu'>): Generator<Note> {
  if (usable === undefined) return;
  const ratio = usable / marketed;
  if (near(ratio, 1, 1e-6) || near(ratio, GIB_PER_GB, 1e-6)) {
    yield error('memory_digits', 'usable memory has the digits of the marketed size; measure it instead');
  } else if (ratio > GIB_PER_GB) {
    yield error('memory_exceeds', 'usable memory exceeds the marketed size even when that is read as GiB');
  }
}

function* gpuUnsupported({ dense_flops: rates, unsupported }: Card<'gpu'>): Generator<Note> {
  for (const format of unsupported) {
    if (rates[format] !== undefined)
      yield error('unsupported_rate', `${format} has a rate and is listed as unsupported`);
  }
}

/**
 * What a topology implies of its numbers: a bus is no faster than the bus, and bridges join few.
 * Links are summed over peers in one direction; none is faster than half of NVLink 6's 3.6 TB/s both ways.
 */
function* gpuLink({ link, pcie }: Card<'gpu'>): Generator<Note> {
  if (link === undefined) return;
  if (link.bandwidth > FASTEST_LINK) {
    yield error('link_direction', `the link carries ${link.bandwidth} B/s, more than any does in one direction`);
  }
  if (link.topology === 'pcie' && pcie !== undefined && link.bandwidth !== pcie) {
    yield error('link_bus', 'the link is the bus, and its bandwidth differs from that of pcie');
  }
  if (link.topology === 'bridge' && link.gpus > 4) {
    yield error('link_bridge', `a bridge joins two or four GPUs, not ${link.gpus}`);
  }
  if (link.reduces === true && link.topology !== undefined && link.topology !== 'switch') {
    yield error('link_reduces', `only a switch adds up what passes through it, not a ${link.topology}`);
  }
}

/** Whether two parts are of one size: bandwidth, and fp32 rate or else power, within half of each other. */
function sameSize(one: Card<'gpu'>, other: Card<'gpu'>): boolean {
  const alike = (a: number, b: number) => Math.max(a, b) <= 1.5 * Math.min(a, b);
  if (!alike(one.memory_bandwidth, other.memory_bandwidth)) return false;
  const [a, b] = [one.dense_flops.fp32, other.dense_flops.fp32];
  if (a !== undefined && b !== undefined) return alike(a, b);
  return one.tdp !== undefined && other.tdp !== undefined && alike(one.tdp, other.tdp);
}

/** 2:4 sparse rates are exactly twice the dense ones, and datasheets print them larger. */
function* sparseSiblings(card: Card<'gpu'>, all: readonly Card<'gpu'>[]): Generator<Note> {
  for (const sibling of all) {
    if (sibling.id === card.id || sibling.architecture !== card.architecture || !sameSize(card, sibling)) continue;
    for (const format of Object.keys(card.dense_flops) as ComputeFormat[]) {
      const rate = card.dense_flops[format];
      const other = sibling.dense_flops[format];
      if (rate === undefined || other === undefined || !near(rate / other, 2, 0.02)) continue;
      if (HALVED_PARTS.includes(sibling.id)) continue;
      yield warning(
        'sparse_suspected',
        `${format} is twice that of ${sibling.id}, a part of the same size; is it the sparse rate?`,
      );
    }
  }
}

function* rentalPrices(card: Card<'rental'>): Generator<Note> {
  for (const field of ['on_demand', 'reserved_1_year', 'reserved_3_years', 'spot'] as const) {
    const price = card[field];
    if (price === undefined || (price >= 0.1 && price <= 20)) continue;
    yield error(
      'rental_range',
      `${field} is ${price} USD per GPU-hour, outside 0.1 to 20; is it the price of the whole instance?`,
    );
  }
}

function* facilityShares(card: Card<'facility'>): Generator<Note> {
  const sum = card.failures.repairs.reduce((total, repair) => total + repair.share, 0);
  if (!near(sum, 1, 1e-9)) yield error('repair_shares', `the shares of the repairs sum to ${sum}, not 1`);
}

function* priceOrder(card: Card<'price'>): Generator<Note> {
  for (const [index, price] of card.prices.entries()) {
    const before = card.prices[index - 1];
    if (before === undefined || Date.parse(before.from) < Date.parse(price.from)) continue;
    yield error('price_order', `the price from ${price.from} stands after the one from ${before.from}`);
  }
}

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Dotted paths of all numbers in a card; positions in a list are left out. */
function* numericPaths(value: unknown, path: readonly string[]): Generator<string> {
  if (typeof value === 'number') yield path.join('.');
  else if (Array.isArray(value)) for (const item of value) yield* numericPaths(item, path);
  else if (isTree(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (path.length > 0 || key !== 'sources') yield* numericPaths(inner, [...path, key]);
    }
  }
}

/** A source covers the field it is named for and all below it; `default` covers every field. */
function* sourceCoverage(card: Card<CardKind>): Generator<Note> {
  const named = Object.keys(card.sources).filter((key) => key !== 'default');
  const covers = (key: string, path: string) => path === key || path.startsWith(`${key}.`);
  const paths = new Set(numericPaths(card, []));
  if (card.sources['default'] === undefined) {
    for (const path of paths) {
      if (!named.some((key) => covers(key, path))) yield error('source_missing', `${path} has no source`);
    }
  }
  for (const key of named) {
    if ([...paths].some((path) => covers(key, path))) continue;
    yield warning('source_idle', `the source "${key}" covers no number of this card`);
  }
}

function* priceAge(card: Card<'rental' | 'price' | 'node' | 'site'>, asOf: string): Generator<Note> {
  for (const [field, { as_of: quoted }] of Object.entries(card.sources)) {
    const months = monthsBetween(quoted, asOf);
    if (months < STALE_MONTHS) continue;
    yield warning(
      'price_stale',
      `the source of ${field === 'default' ? 'its prices' : field} is of ${quoted}, ${months} months old`,
    );
  }
}

interface Context {
  catalog: Catalog;
  asOf: string;
}

function* unknownReference(catalog: Catalog, kind: CardKind, id: string): Generator<Note> {
  if (catalog.ids(kind).includes(id)) return;
  yield error('unknown_reference', `there is no ${CARD_KINDS[kind].label} "${id}"`);
}

/** What is checked of one card, by kind; every card's sources are checked besides. */
const CHECKS: { [K in CardKind]: readonly ((card: Card<K>, context: Context) => Iterable<Note>)[] } = {
  gpu: [gpuRatios, gpuRidge, gpuMemory, gpuUnsupported, gpuLink],
  network: [],
  rental: [
    rentalPrices,
    (card, { asOf }) => priceAge(card, asOf),
    (card, { catalog }) => unknownReference(catalog, 'gpu', card.gpu),
  ],
  price: [priceOrder, (card, { asOf }) => priceAge(card, asOf)],
  node: [(card, { asOf }) => priceAge(card, asOf), (card, { catalog }) => unknownReference(catalog, 'gpu', card.gpu)],
  site: [(card, { asOf }) => priceAge(card, asOf)],
  engine: [(card, { catalog }) => unknownReference(catalog, 'calibration', card.calibration)],
  facility: [facilityShares, (card, { catalog }) => unknownReference(catalog, 'site', card.owning.site)],
  calibration: [],
  errors: [(card, { catalog }) => unknownReference(catalog, 'calibration', card.id)],
  model: [],
  traffic: [],
  quality: [],
  benchmark: [],
  measurement: [],
};

/** Ids and aliases that more than one card of a kind answers to, letter case aside. */
function* sharedNames(cards: readonly Card<CardKind>[]): Generator<[id: string, note: Note]> {
  const owner = new Map<string, string>();
  for (const card of cards) owner.set(card.id.toLowerCase(), card.id);
  for (const card of cards) {
    for (const alias of 'aliases' in card ? card.aliases : []) {
      const claimed = owner.get(alias.toLowerCase());
      if (claimed !== undefined && claimed !== card.id) {
        yield [card.id, error('alias_shared', `"${alias}" is claimed by ${claimed} too`)];
      }
      owner.set(alias.toLowerCase(), claimed ?? card.id);
    }
  }
}

function checkKind<K extends CardKind>(kind: K, context: Context): Finding[] {
  const findings: Finding[] = [];
  const add = (id: string, note: Note) => findings.push({ ...note, kind, id });
  const cards: Card<K>[] = [];
  for (const file of context.catalog.ids(kind)) {
    try {
      const card = context.catalog.find(kind, file);
      if (card === undefined) continue;
      if (card.id !== file) add(file, error('id_differs', `the card calls itself "${card.id}"`));
      cards.push(card);
    } catch (problem) {
      if (!(problem instanceof InputError)) throw problem;
      add(file, error('malformed', problem.message));
    }
  }
  for (const card of cards) {
    for (const note of sourceCoverage(card)) add(card.id, note);
    for (const check of CHECKS[kind]) for (const note of check(card, context)) add(card.id, note);
  }
  for (const [id, note] of sharedNames(cards)) add(id, note);
  if (kind === 'gpu') {
    const gpus = cards as Card<'gpu'>[];
    for (const gpu of gpus) for (const note of sparseSiblings(gpu, gpus)) add(gpu.id, note);
  }
  return findings;
}

/**
 * Looks for the mistakes that published catalogs of this field make: sparse rates among dense ones, GB for GiB, the
 * price of a node for that of a GPU, numbers without a source, prices grown old.
 *
 * @param asOf the date that ages are counted from, such as 2026-11-22; nothing here reads the clock
 */
export function checkCatalog(catalog: Catalog, asOf: string): Finding[] {
  return KINDS.flatMap((kind) => checkKind(kind, { catalog, asOf }));
}
