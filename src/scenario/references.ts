import { CARD_KINDS, type Card, type CardKind, type Catalog } from '../catalog/catalog.ts';
import { didYouMean, nearestName } from '../math/edit-distance.ts';
import type { FacilityCard } from '../schema/facility.ts';
import { shown } from '../schema/printable.ts';
import type { Problem } from '../schema/problem.ts';
import { DEFAULT_FACILITY, MOST_OFFERS } from '../schema/scenario.ts';
import type { Lookups } from './lookups.ts';
import { isModelFile } from './model-source.ts';
import { ownSheet } from './own-sheet.ts';
import { knowsTimezone } from './week-shape.ts';

type Path = Problem['path'];

/** Ids first, then what else their cards are called, so that a near miss of either is recognised. */
function namesOf(catalog: Catalog, kind: CardKind): string[] {
  const ids = catalog.ids(kind);
  const aliases = ids.flatMap((id) => {
    const card = catalog.find(kind, id);
    return card !== undefined && 'aliases' in card ? card.aliases : [];
  });
  return [...ids, ...aliases];
}

/** The sentence for a name that the catalog does not have; what was probably meant is given by its id. */
export function unknownCard(catalog: Catalog, kind: CardKind, name: string): string {
  const near = nearestName(name, namesOf(catalog, kind));
  const id = near === undefined ? undefined : catalog.find(kind, near)?.id;
  const hint = id === undefined ? `; "rackrate catalog list ${kind}" names all` : `; did you mean "${id}"?`;
  return `there is no ${CARD_KINDS[kind].label} ${shown(name)} in the catalog${hint}`;
}

/** Where a scenario names a card; `*` is each item of a list. */
const NAMING: readonly { at: string; kind: CardKind; except?: (name: string) => boolean }[] = [
  { at: 'model', kind: 'model', except: isModelFile },
  { at: 'serving.gpu', kind: 'gpu' },
  { at: 'serving.engine', kind: 'engine' },
  { at: 'serving.network', kind: 'network' },
  { at: 'serving.scheduling.network', kind: 'network' },
  { at: 'traffic.shape', kind: 'traffic', except: (name) => name === 'constant' },
  { at: 'capacity.own.node', kind: 'node' },
  { at: 'capacity.own.site', kind: 'site' },
  { at: 'capacity.rent.id', kind: 'rental' },
  { at: 'facility', kind: 'facility' },
  { at: 'compare.*.sheet', kind: 'price' },
];

/** Unknown lines and ways that are told at once: to look for the nearest name of each of thousands takes its time. */
const MOST_TOLD = 50;

/** Every value of a document that stands at a dotted path. */
function valuesAt(document: unknown, at: string): { path: Path; value: unknown }[] {
  let here: { path: Path; value: unknown }[] = [{ path: [], value: document }];
  for (const step of at.split('.')) {
    here = here.flatMap(({ path, value }) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value) !== (step === '*')) return [];
      if (Array.isArray(value)) {
        // Longer lists are refused for their length.
        return value.slice(0, MOST_OFFERS).map((item, index) => ({ path: [...path, index], value: item }));
      }
      return Object.hasOwn(value, step)
        ? [{ path: [...path, step], value: (value as Record<string, unknown>)[step] }]
        : [];
    });
  }
  return here;
}

function textAt(document: unknown, at: string): string | undefined {
  const value = valuesAt(document, at)[0]?.value;
  return typeof value === 'string' ? value : undefined;
}

function cardProblems(document: unknown, catalog: Catalog): Problem[] {
  return NAMING.flatMap(({ at, kind, except }) =>
    valuesAt(document, at).flatMap(({ path, value }) => {
      if (typeof value !== 'string' || except?.(value) === true || catalog.find(kind, value) !== undefined) return [];
      return [{ path, message: unknownCard(catalog, kind, value) }];
    }),
  );
}

/** An engine that is there may point to a calibration that is not. */
function calibrationProblems(document: unknown, catalog: Catalog): Problem[] {
  const engine = catalog.find('engine', textAt(document, 'serving.engine') ?? '');
  if (engine === undefined || catalog.find('calibration', engine.calibration) !== undefined) return [];
  return [{ path: ['serving', 'engine'], message: unknownCard(catalog, 'calibration', engine.calibration) }];
}

function modelFileProblems(document: unknown, { models }: Lookups): Problem[] {
  const file = textAt(document, 'model');
  if (file === undefined || !isModelFile(file)) return [];
  const answer = models?.(file) ?? { found: false, problems: ['models cannot be read from files here'] };
  return answer.found ? [] : answer.problems.map((message) => ({ path: ['model'], message }));
}

/** Blocks that name a file of lengths, and their keys that name its columns. */
const LENGTH_FILES = [
  { at: 'traffic.input_tokens', keys: ['column'] },
  { at: 'traffic.output_tokens', keys: ['column'] },
  { at: 'traffic.lengths', keys: ['input', 'output'] },
];

function lengthFileProblems(document: unknown, { columns }: Lookups): Problem[] {
  return LENGTH_FILES.flatMap(({ at, keys }) => {
    const file = textAt(document, `${at}.file`);
    const names = keys.map((key) => textAt(document, `${at}.${key}`)).filter((name) => name !== undefined);
    if (file === undefined || names.length < keys.length) return [];
    const answer = columns?.(file, names) ?? { found: false, problem: 'lengths cannot be read from files here' };
    if (answer.found) return [];
    const key = answer.column === undefined ? 'file' : (keys[answer.column] ?? 'file');
    return [{ path: [...at.split('.'), key], message: answer.problem }];
  });
}

/** Offers by provider and model that no list prices. Any shape will do, for it decides the price and not whether there is one. */
function offerProblems(
  document: unknown,
  facility: Card<'facility'> | undefined,
  { catalog, prices }: Lookups,
): Problem[] {
  const given = textAt(document, 'start');
  const date = given === undefined || Number.isNaN(Date.parse(given)) ? catalogDate(facility) : given;
  return valuesAt(document, 'compare.*').flatMap(({ path, value }) => {
    const [provider, model] = [textAt(value, 'provider'), textAt(value, 'model')];
    if (provider === undefined || model === undefined || ownSheet(catalog, provider, model) !== undefined) return [];
    const answer = prices({ provider, model, date, shape: [1] });
    return answer.found ? [] : [{ path, message: answer.problem }];
  });
}

/** Line by line, `typical` and `none` name lines of the facility card; anything else needs a sum. */
function overheadProblems(document: unknown, facility: FacilityCard): Problem[] {
  const lines = facility.overheads.map((line) => line.id);
  return namedBlocks(document, 'overheads')
    .filter(({ name, value }) => (value === 'typical' || value === 'none') && !lines.includes(name))
    .slice(0, MOST_TOLD)
    .map(({ path }) => ({
      path,
      message: `no typical figure for this; give a sum a month such as "500 USD", or one of ${lines.join(', ')}`,
    }));
}

/** A way that the facility card has no tariff for needs a price. */
function transferProblems(document: unknown, facility: FacilityCard): Problem[] {
  const known = Object.keys(facility.transfers);
  return namedBlocks(document, 'transfers')
    .filter(({ name, value }) => !known.includes(name) && valuesAt(value, 'price').length === 0)
    .slice(0, MOST_TOLD)
    .map(({ path, name }) => {
      const near = didYouMean(name, known) || `; known: ${known.join(', ')}`;
      return { path, message: `no tariff of this way${near}; or give a price` };
    });
}

function namedBlocks(document: unknown, at: string): { path: Path; name: string; value: unknown }[] {
  return valuesAt(document, at).flatMap(({ path, value }) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([name, inner]) => ({ path: [...path, name], name, value: inner }))
      : [],
  );
}

function timezoneProblems(document: unknown): Problem[] {
  const zone = textAt(document, 'traffic.timezone');
  if (zone === undefined || knowsTimezone(zone)) return [];
  const message = `unknown time zone ${shown(zone)}${didYouMean(zone, Intl.supportedValuesOf('timeZone')) || '; expected one such as "UTC" or "Europe/Berlin"'}`;
  return [{ path: ['traffic', 'timezone'], message }];
}

/** The first day of the catalog's as-of month: what a scenario without a start date is priced on. */
export function catalogDate(facility: Card<'facility'> | undefined): string {
  const date = facility?.sources.default?.as_of ?? '2026-11';
  return date.length === 7 ? `${date}-01` : date;
}

/**
 * Every name in a scenario that leads nowhere, all at once: cards, offers of price lists, files, time zones.
 *
 * The document need not be sound. What stands at a place for names is looked up whatever the rest is like, so that
 * names and everything else that is wrong come in one report; a name that is no text is passed over.
 *
 * @param document a scenario, as written or as the schema read it
 */
export function referenceProblems(document: unknown, lookups: Lookups): Problem[] {
  const { catalog } = lookups;
  const named = catalog.find('facility', textAt(document, 'facility') ?? DEFAULT_FACILITY);
  const lines = named === undefined ? [] : [...overheadProblems(document, named), ...transferProblems(document, named)];
  return [
    ...cardProblems(document, catalog),
    ...calibrationProblems(document, catalog),
    ...modelFileProblems(document, lookups),
    ...lengthFileProblems(document, lookups),
    ...offerProblems(document, named, lookups),
    ...lines,
    ...timezoneProblems(document),
  ];
}
