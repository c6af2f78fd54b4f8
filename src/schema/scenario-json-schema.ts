import * as z from 'zod';
import { scenarioFile } from './scenario.ts';

/** What the fields say of themselves in our own words, as JSON Schema has it. */
function asJsonSchema({ jsonSchema: node }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { whole, unit, dimension, min, max } = node as Record<string, unknown>;
  for (const own of ['whole', 'unit', 'dimension', 'min', 'max']) delete node[own];
  if (whole === true) node.type = 'integer';
  if (unit !== undefined) node.description = `A quantity in ${unit}, from ${min} to ${max}.`;
  if (dimension === 'share') node.description = `A share, as a number or in %, from ${min} to ${max}.`;
}

/**
 * The scenario format as JSON Schema draft-7, for editors. A file that extends another may leave anything out; rules
 * that relate fields to each other, and ranges of quantities, are left to `rackrate check`.
 */
export function scenarioJsonSchema(): object {
  const { required, properties, ...schema } = z.toJSONSchema(scenarioFile, {
    target: 'draft-07',
    io: 'input',
    override: asJsonSchema,
  });
  return {
    ...schema,
    title: 'rackrate scenario, version 1',
    properties: {
      ...properties,
      extends: { type: 'string', description: 'A scenario that this one builds on, relative to this file.' },
      overrides: {
        type: 'object',
        description: 'Variants by name, for --with.',
        additionalProperties: { type: 'object' },
      },
    },
    anyOf: [{ required: ['extends'] }, { required }],
  };
}
