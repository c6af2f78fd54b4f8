import { CARD_KINDS, type Card, type CardKind } from '../catalog/catalog.ts';
import { validate } from '../schema/issues.ts';
import { type Scenario, scenarioFile } from '../schema/scenario.ts';

/** The scenario in `raw`, defaults filled in and quantities in base units; throws an InputError with every problem. */
export function validateScenario(raw: unknown): Scenario {
  return validate(scenarioFile, raw);
}

/** The card in `raw`; throws an InputError with every problem. */
export function validateCard<K extends CardKind>(kind: K, raw: unknown): Card<K> {
  return validate(CARD_KINDS[kind].schema, raw) as Card<K>;
}
