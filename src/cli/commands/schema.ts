import { scenarioJsonSchema } from '../../schema/scenario-json-schema.ts';
import { type GlobalOptions, result } from '../output.ts';

/** The scenario format as JSON Schema, for an editor's completion and checks. */
export async function printSchema(options: GlobalOptions): Promise<void> {
  await result(options, JSON.stringify(scenarioJsonSchema(), undefined, 2));
}
