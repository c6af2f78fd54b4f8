import { CARD_KINDS, type CardKind } from '../../catalog/catalog.ts';
import { monthsBetween } from '../../catalog/price-age.ts';
import { type FolderCatalog, openCatalog } from '../../io/catalog-folder.ts';
import { didYouMean } from '../../math/edit-distance.ts';
import { date } from '../../schema/fields.ts';
import { shown } from '../../schema/printable.ts';
import { InputError, optionError } from '../../schema/problem.ts';
import { significant } from '../../units/format.ts';
import { EXIT } from '../exit-codes.ts';
import { type GlobalOptions, result, say } from '../output.ts';

const KINDS = Object.keys(CARD_KINDS) as CardKind[];

/** What compare can name by provider and model: the price list, which is no card. */
async function listOffers(options: GlobalOptions): Promise<void> {
  const { listedModels, LIST } = await import('../../api/listed-prices.ts');
  const models = listedModels(LIST.asOf);
  if (options.json === true) return result(options, JSON.stringify(models, undefined, 2));
  const rows = models.map(({ provider, model, inputUsdPerMtok: input, outputUsdPerMtok: output }) => [
    'api',
    provider,
    model,
    `${significant(input)} in, ${significant(output)} out USD/Mtok`,
  ]);
  await result(options, table(rows));
}

export async function listCards(kind: string | undefined, options: GlobalOptions): Promise<void> {
  if (kind === 'api') return listOffers(options);
  const catalog = openCatalog();
  const kinds = kind === undefined ? KINDS : [knownKind(kind)];
  const newest = newestDate(catalog);
  const cards = kinds.flatMap((one) =>
    catalog
      .ids(one)
      .map((id) => ({ kind: one, id, name: nameOf(catalog, one, id), ...headlineOf(catalog, one, id, newest) })),
  );
  if (options.json === true) return result(options, JSON.stringify(cards, undefined, 2));
  await result(
    options,
    table(
      cards.map((card) => [
        card.kind,
        card.id,
        card.name,
        `${card.value ?? ''}${togetherText(catalog, card)}`,
        card.as_of ?? '',
        ageText(card),
      ]),
    ),
  );
}

/** The price that a card is there for. */
const HEADLINES: Partial<Record<CardKind, string>> = { rental: 'on_demand', node: 'price', site: 'electricity' };

function headlineOf(catalog: FolderCatalog, kind: CardKind, id: string, date: string): Partial<Row> {
  const row = rowsOf(catalog.file(kind, id)?.value, date).find(({ key }) => key === HEADLINES[kind]);
  if (row === undefined) return {};
  return { value: row.value, as_of: row.as_of, age_months: row.age_months };
}

/** GPUs that a rental's price must be paid for at once. */
function togetherText(catalog: FolderCatalog, { kind, id }: { kind: CardKind; id: string }): string {
  const together = kind === 'rental' ? (catalog.find('rental', id)?.gpus_per_instance ?? 1) : 1;
  return together > 1 ? ` x ${together}` : '';
}

function ageText({ age_months: age }: Partial<Row>): string {
  return age === undefined || age === null ? '' : `${age} mo`;
}

function knownKind(kind: string): CardKind {
  const one = KINDS.find((known) => kind === known || kind === `${known}s`);
  if (one !== undefined) return one;
  const message = `there is no kind ${shown(kind)}${didYouMean(kind, [...KINDS, 'api']) || `; known: ${KINDS.join(', ')}, api`}`;
  throw new InputError([{ path: [], message }]);
}

function nameOf(catalog: FolderCatalog, kind: CardKind, id: string): string {
  return String((catalog.file(kind, id)?.value as { name?: unknown } | null)?.name ?? '');
}

interface Row {
  key: string;
  value: string;
  source: string;
  as_of: string;
  /** Counted to the newest source of the catalog, not to today; null where there is no date. */
  age_months: number | null;
  basis: string;
}

export async function showCard(id: string, options: GlobalOptions): Promise<void> {
  const catalog = openCatalog();
  const newest = newestDate(catalog);
  const found = KINDS.flatMap((kind) => {
    const card = catalog.find(kind, id);
    const file = catalog.file(kind, id);
    return card === undefined || file === undefined ? [] : [{ kind, id: card.id, raw: file.value, file: file.file }];
  });
  if (found.length === 0) {
    const near =
      didYouMean(id, new Set(KINDS.flatMap((kind) => catalog.ids(kind)))) || '; "rackrate catalog list" names all';
    throw new InputError([{ path: [], message: `there is no card ${shown(id)} in the catalog${near}` }]);
  }
  if (options.json === true) {
    const cards = found.map(({ raw, ...card }) => ({ ...card, values: rowsOf(raw, newest) }));
    return result(options, JSON.stringify(cards, undefined, 2));
  }
  const sections = found.map(({ kind, id: own, raw, file }) => {
    const rows = rowsOf(raw, newest).map((row) => [row.key, row.value, row.basis, row.as_of, ageText(row), row.source]);
    return `${CARD_KINDS[kind].label} ${own} (${file})\n\n${table([['', 'value', 'basis', 'as of', 'age', 'source'], ...rows])}`;
  });
  await result(options, sections.join('\n\n'));
}

const NOT_VALUES = ['id', 'name', 'aliases', 'sources'];

/** One row a value, as written, with the source of the field it stands in; `default` covers fields not named. */
function rowsOf(raw: unknown, date: string): Row[] {
  const card = raw as Record<string, unknown> & { sources?: Record<string, Record<string, string>> };
  return Object.keys(card)
    .filter((key) => !NOT_VALUES.includes(key))
    .flatMap((field) =>
      flatten(field, card[field]).map(([key, value]) => {
        const source = card.sources?.[key] ?? card.sources?.[field] ?? card.sources?.['default'] ?? {};
        const { ref = '', as_of = '', basis = '' } = source;
        const age_months = as_of === '' ? null : Math.max(0, monthsBetween(as_of, date));
        return { key, value, source: ref, as_of, age_months, basis };
      }),
    );
}

function flatten(key: string, value: unknown): [string, string][] {
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return [[key, value.join(', ')]];
  if (typeof value !== 'object' || value === null) return [[key, String(value)]];
  return Object.entries(value).flatMap(([below, inner]) => flatten(`${key}.${below}`, inner));
}

/** Columns set flush left; the last one runs as long as it is. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.min(48, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export async function checkCards(options: GlobalOptions & { asOf?: string }): Promise<void> {
  const { checkCatalog } = await import('../../catalog/consistency.ts');
  const catalog = openCatalog();
  if (options.asOf !== undefined && !date().safeParse(options.asOf).success) {
    throw optionError(`--as-of ${options.asOf}`, 'expected a date such as "2026-12-01"');
  }
  const findings = checkCatalog(catalog, options.asOf ?? newestDate(catalog));
  if (findings.some((finding) => finding.level === 'error')) process.exitCode = EXIT.badInput;
  if (options.json === true) return result(options, JSON.stringify(findings, undefined, 2));
  for (const { level, kind, id, rule, message } of findings) say(`${level}: ${kind} ${id}: ${message} (${rule})`);
  const cards = KINDS.reduce((sum, kind) => sum + catalog.ids(kind).length, 0);
  const errors = findings.filter((finding) => finding.level === 'error').length;
  await result(options, `${cards} cards, ${errors} errors, ${findings.length - errors} warnings`);
}

/** The catalog's own date: the newest of its sources. A card is old relative to it, whatever day it is today. */
function newestDate(catalog: FolderCatalog): string {
  const dates = KINDS.flatMap((kind) =>
    catalog.ids(kind).flatMap((id) => {
      const card = catalog.file(kind, id)?.value as { sources?: Record<string, { as_of?: unknown }> } | null;
      return Object.values(card?.sources ?? {}).flatMap(({ as_of }) => (typeof as_of === 'string' ? [as_of] : []));
    }),
  );
  return dates.sort().at(-1) ?? '2026-01-01';
}
