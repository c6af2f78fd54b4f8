import { CARD_KINDS, type Card, type CardKind, type Catalog } from '../catalog/catalog.ts';
import { didYouMean } from '../math/edit-distance.ts';
import { shown } from '../schema/printable.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import { isModelFile } from './model-source.ts';

/** Ids first, then what else their cards are called, so that a near miss of either is recognised. */
function namesOf(catalog: Catalog, kind: CardKind): string[] {
  const ids = catalog.ids(kind);
  const aliases = ids.flatMap((id) => {
    const card = catalog.find(kind, id);
    return card !== undefined && 'aliases' in card ? card.aliases : [];
  });
  return [...ids, ...aliases];
}

/** The sentence for an id that the catalog does not have. */
export function unknownCard(catalog: Catalog, kind: CardKind, id: string): string {
  const label = CARD_KINDS[kind].label;
  return `there is no ${label} ${shown(id)} in the catalog${didYouMean(id, namesOf(catalog, kind))}`;
}

/** Every id in a scenario that names no card, all at once. */
export function referenceProblems(scenario: Scenario, catalog: Catalog): Problem[] {
  const problems: Problem[] = [];
  const require = <K extends CardKind>(kind: K, id: string, path: Problem['path']): Card<K> | undefined => {
    const card = catalog.find(kind, id);
    if (card === undefined) problems.push({ path, message: unknownCard(catalog, kind, id) });
    return card;
  };
  if (typeof scenario.model === 'string' && !isModelFile(scenario.model)) require('model', scenario.model, ['model']);
  if (typeof scenario.serving.gpu === 'string') require('gpu', scenario.serving.gpu, ['serving', 'gpu']);
  const engine = require('engine', scenario.serving.engine, ['serving', 'engine']);
  if (engine !== undefined) require('calibration', engine.calibration, ['serving', 'engine']);
  const { scheduling } = scenario.serving;
  if (typeof scheduling === 'object' && 'network' in scheduling && typeof scheduling.network === 'string') {
    require('network', scheduling.network, ['serving', 'scheduling', 'network']);
  }
  const { network } = scenario.serving;
  if (typeof network === 'string') require('network', network, ['serving', 'network']);
  const shape = scenario.traffic.shape;
  if (typeof shape === 'string' && shape !== 'constant') require('traffic', shape, ['traffic', 'shape']);
  const { own } = scenario.capacity;
  if (own?.node !== undefined) require('node', own.node, ['capacity', 'own', 'node']);
  if (own?.site !== undefined) require('site', own.site, ['capacity', 'own', 'site']);
  const rental = scenario.capacity.rent?.id;
  if (rental !== undefined) require('rental', rental, ['capacity', 'rent', 'id']);
  require('facility', scenario.facility, ['facility']);
  scenario.compare.forEach((offer, index) => {
    if (offer.sheet !== undefined) require('price', offer.sheet, ['compare', index, 'sheet']);
  });
  return problems;
}
