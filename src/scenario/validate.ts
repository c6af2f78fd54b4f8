import { CARD_KINDS, type Card, type CardKind } from '../catalog/catalog.ts';
import { problemsOf, validate } from '../schema/issues.ts';
import { InputError } from '../schema/problem.ts';
import { type Scenario, scenarioFile } from '../schema/scenario.ts';
import type { Lookups } from './lookups.ts';
import { referenceProblems } from './references.ts';

/**
 * The scenario in `raw`, defaults filled in and quantities in base units; throws an InputError with every problem.
 *
 * @param lookups where names are looked up too, whatever else is wrong; a value that the schema refuses is blamed once
 */
export function validateScenario(raw: unknown, lookups?: Lookups): Scenario {
  const read = scenarioFile.safeParse(raw);
  const refused = read.success ? [] : problemsOf(scenarioFile, raw, read.error.issues);
  const blamed = new Set(refused.map(({ path }) => path.join('.')));
  const names = lookups === undefined ? [] : referenceProblems(raw, lookups);
  const unknown = names.filter(({ path }) => !blamed.has(path.join('.')));
  if (!read.success || unknown.length > 0) throw new InputError([...refused, ...unknown]);
  return read.data;
}

/** The card in `raw`; throws an InputError with every problem. */
export function validateCard<K extends CardKind>(kind: K, raw: unknown): Card<K> {
  return validate(CARD_KINDS[kind].schema, raw) as Card<K>;
}
