import { CARD_KINDS, type CardKind, type Catalog } from '../catalog/catalog.ts';
import { nearestName } from '../math/edit-distance.ts';
import { shown } from '../schema/printable.ts';
import type { Problem } from '../schema/problem.ts';
import type { Lookups } from './lookups.ts';
import { isModelFile } from './model-source.ts';
import { ownSheet } from './own-sheet.ts';

/** Ids first, then what else their cards are called, so that a near miss of either is recognised. */
function namesOf(catalog: Catalog, kind: CardKind): string[] {
  const ids = catalog.ids(kind);
  const aliases = ids.flatMap((id) => {
    const card = catalog.find(kind, id);
    return card !== undefined && 'aliases' in card ? card.aliases : [];
  });
  return [...ids, ...aliases];
}

/** The sentence for an id that the catalog does not have; what was probably meant is given by its id. */
export function unknownCard(catalog: Catalog, kind: CardKind, name: string): string {
  const near = nearestName(name, namesOf(catalog, kind));
  const id = near === undefined ? undefined : catalog.find(kind, near)?.id;
  const hint = id === undefined ? '' : `; did you mean "${id}"?`;
  return `there is no ${CARD_KINDS[kind].label} ${shown(name)} in the catalog${hint}`;
}

type Path = Problem['path'];

/** Where a scenario names a card, and of which kind; `*` is every item of a list. */
const NAMED: readonly [kind: CardKind, ...path: string[]][] = [
  ['model', 'model'],
  ['gpu', 'serving', 'gpu'],
  ['engine', 'serving', 'engine'],
  ['network', 'serving', 'scheduling', 'network'],
  ['network', 'serving', 'network'],
  ['traffic', 'traffic', 'shape'],
  ['node', 'capacity', 'own', 'node'],
  ['site', 'capacity', 'own', 'site'],
  ['rental', 'capacity', 'rent', 'id'],
  ['facility', 'facility'],
  ['price', 'compare', '*', 'sheet'],
];

/** Words that stand where a name may, and name no card. */
function isOtherWord(kind: CardKind, name: string): boolean {
  return (kind === 'model' && isModelFile(name)) || (kind === 'traffic' && name === 'constant');
}

/** What stands at a path of a document, of whatever shape it is, with its place. */
function* valuesAt(
  node: unknown,
  path: readonly string[],
  before: Path = [],
): Generator<{ path: Path; value: unknown }> {
  const [key, ...rest] = path;
  if (key === undefined) yield { path: before, value: node };
  else if (key === '*') {
    for (const [index, item] of (Array.isArray(node) ? node : []).entries())
      yield* valuesAt(item, rest, [...before, index]);
  } else if (typeof node === 'object' && node !== null && Object.hasOwn(node, key)) {
    yield* valuesAt((node as Record<string, unknown>)[key], rest, [...before, key]);
  }
}

/**
 * Every id in a scenario that names no card.
 *
 * @param document a scenario, or what was to be one: a name can be looked up beside whatever else is wrong
 */
export function referenceProblems(document: unknown, catalog: Catalog): Problem[] {
  const problems: Problem[] = [];
  for (const [kind, ...where] of NAMED) {
    for (const { path, value } of valuesAt(document, where)) {
      if (typeof value !== 'string' || isOtherWord(kind, value)) continue;
      const card = catalog.find(kind, value);
      if (card === undefined) problems.push({ path, message: unknownCard(catalog, kind, value) });
      else if ('calibration' in card && catalog.find('calibration', card.calibration) === undefined) {
        problems.push({ path, message: unknownCard(catalog, 'calibration', card.calibration) });
      }
    }
  }
  return problems;
}

const FLAT = Array.from({ length: 168 }, () => 1);
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Offers by provider and model that no list has, on the start date where there is one. */
function offerProblems(document: unknown, { catalog, prices }: Lookups): Problem[] {
  const [{ value: start } = { value: undefined }] = valuesAt(document, ['start']);
  const date = typeof start === 'string' && DATE.test(start) ? start : '2026-12-01';
  return [...valuesAt(document, ['compare', '*'])].flatMap(({ path, value }) => {
    const { provider, model } = (value ?? {}) as { provider?: unknown; model?: unknown };
    if (typeof provider !== 'string' || typeof model !== 'string') return [];
    if (ownSheet(catalog, provider, model) !== undefined) return [];
    const answer = prices({ provider, model, date, shape: FLAT });
    return answer.found ? [] : [{ path, message: answer.problem }];
  });
}

/** A model's file that cannot be read as one. */
function modelFileProblems(document: unknown, { models }: Lookups): Problem[] {
  return [...valuesAt(document, ['model'])].flatMap(({ path, value }) => {
    if (typeof value !== 'string' || !isModelFile(value) || models === undefined) return [];
    const answer = models(value);
    return answer.found ? [] : answer.problems.map((message) => ({ path, message }));
  });
}

/** Every name in a document that leads nowhere, also those that `referenceProblems` leaves to be found when used. */
export function nameProblems(document: unknown, lookups: Lookups): Problem[] {
  return [
    ...referenceProblems(document, lookups.catalog),
    ...modelFileProblems(document, lookups),
    ...offerProblems(document, lookups),
  ];
}
