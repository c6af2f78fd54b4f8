import type { Card, CardKind, Catalog } from '../../catalog/catalog.ts';
import { isModelFile } from '../../scenario/model-source.ts';
import type { Plan } from '../../scenario/plan.ts';
import type { Scenario } from '../../schema/scenario.ts';
import type { NumberSource } from './explanation.ts';

type Path = readonly (string | number)[];

/** Where the numbers of a plan were written: cards, a scenario, or nowhere but in its defaults. */
export interface Origins {
  scenario: Scenario;
  catalog: Catalog;
  /** `file:line` of a value that the scenario states; undefined where it does not. */
  placeOf(path: Path): string | undefined;
}

/** The card of an id that the scenario named and that was looked up before. */
export function cardOf<K extends CardKind>(origins: Origins, kind: K, id: string): Card<K> {
  const card = origins.catalog.find(kind, id);
  if (card === undefined) throw new Error(`${kind} ${id} is not in the catalog`);
  return card;
}

/** The source a card gives for a field: its own, else that of the block it stands in, else the card's. */
export function cardFieldSource(card: Pick<Card<CardKind>, 'id' | 'sources'>, field: string): NumberSource {
  const steps = field.split('.');
  const named = steps.map((_, i) => steps.slice(0, steps.length - i).join('.'));
  const key = [...named, 'default'].find((name) => card.sources[name] !== undefined) ?? 'default';
  const source = card.sources[key];
  const at = `${card.id}: ${field}`;
  if (source === undefined) return { basis: 'default', ref: at };
  const { ref, url, as_of, basis } = source;
  return { basis, ref, ...(url === undefined ? {} : { url }), as_of, note: at };
}

/** The line of the scenario that states a value; undefined where none does. */
export function statedSource(origins: Origins, path: Path): NumberSource | undefined {
  const place = origins.placeOf(path);
  return place === undefined ? undefined : { basis: 'scenario', ref: place, note: path.join('.') };
}

/** A setting of the scenario: its line, else what stands in for it. */
export function settingSource(origins: Origins, plan: Plan, path: Path, fallback?: NumberSource): NumberSource {
  const stated = statedSource(origins, path);
  if (stated !== undefined) return stated;
  const name = path.join('.');
  const noted = plan.defaultsUsed.find((entry) => entry.path === name);
  return fallback ?? { basis: 'default', ref: noted?.source ?? 'left to us by the scenario', note: name };
}

/** A number of the model: of its card, of its checkpoint's configuration, or of the shape written into the scenario. */
export function modelSource(origins: Origins, plan: Plan, field: string): NumberSource {
  const { model } = origins.scenario;
  if (typeof model === 'string' && isModelFile(model)) return { basis: 'scenario', ref: model, note: field };
  return typeof model === 'string'
    ? cardFieldSource(cardOf(origins, 'model', model), field)
    : settingSource(origins, plan, ['model', ...field.split('.')]);
}

/** A number of the GPU, likewise. */
export function gpuSource(origins: Origins, plan: Plan, field: string): NumberSource {
  const { gpu } = origins.scenario.serving;
  return typeof gpu === 'string'
    ? cardFieldSource(cardOf(origins, 'gpu', gpu), field)
    : settingSource(origins, plan, ['serving', 'gpu', ...field.split('.')]);
}

export function engineSource(origins: Origins, field: string): NumberSource {
  return cardFieldSource(cardOf(origins, 'engine', origins.scenario.serving.engine), field);
}

export function calibrationSource(plan: Plan, field: string): NumberSource {
  return cardFieldSource(plan.calibration, field);
}

export function facilitySource(origins: Origins, field: string): NumberSource {
  return cardFieldSource(cardOf(origins, 'facility', origins.scenario.facility), field);
}
