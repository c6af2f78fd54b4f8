import { cardJsonSchema } from '../../catalog/card-json-schema.ts';
import { CARD_KINDS, type CardKind } from '../../catalog/catalog.ts';
import { didYouMean } from '../../math/edit-distance.ts';
import { scenarioJsonSchema } from '../../schema/json-schema.ts';
import { optionError } from '../../schema/problem.ts';
import { type GlobalOptions, result } from '../output.ts';

const isKind = (word: string): word is CardKind => Object.hasOwn(CARD_KINDS, word);

function schemaOf(form: string): object {
  if (form === 'scenario') return scenarioJsonSchema();
  if (isKind(form)) return cardJsonSchema(form);
  const forms = ['scenario', ...Object.keys(CARD_KINDS)];
  throw optionError(`schema ${form}`, `no form of file${didYouMean(form, forms) || `; known: ${forms.join(', ')}`}`);
}

/** A form of file as JSON Schema, for an editor's completion and checks. */
export async function printSchema(form: string, options: GlobalOptions): Promise<void> {
  await result(options, JSON.stringify(schemaOf(form), undefined, 2));
}
