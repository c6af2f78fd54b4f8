import * as z from 'zod';
import { noteOf } from './field-notes.ts';
import { shownLimit } from './fields.ts';
import { scenarioFile } from './scenario.ts';

type Node = Record<string, unknown>;

/** What the fields say of themselves in our own words, as JSON Schema has it. */
function asJsonSchema({ jsonSchema: node }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { whole, unit, dimension, min, max } = node as Node;
  for (const own of ['whole', 'unit', 'dimension', 'min', 'max']) delete node[own];
  if (whole === true) node.type = 'integer';
  const range = `from ${shownLimit(Number(min))} to ${shownLimit(Number(max))}`;
  if (unit !== undefined) node.description = `A quantity in ${unit}, ${range}.`;
  if (dimension === 'share') node.description = `A share, as a number or in %, ${range}.`;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Puts each property's note before what its kind of value is, wherever it stands in a schema. */
function annotate(node: unknown, path: string, places: readonly string[]): void {
  if (Array.isArray(node)) for (const item of node) annotate(item, path, places);
  if (!isNode(node) || Array.isArray(node)) return;
  const { properties } = node;
  for (const key of ['anyOf', 'oneOf', 'allOf', 'items', 'additionalProperties']) annotate(node[key], path, places);
  for (const [name, property] of Object.entries(isNode(properties) ? properties : {})) {
    const below = path === '' ? name : `${path}.${name}`;
    annotate(property, below, places);
    const note = places.map((place) => noteOf(`${place}${below}`)).find((found) => found !== undefined);
    if (!isNode(property) || note === undefined) continue;
    const kind = property['description'];
    property['description'] = typeof kind === 'string' ? `${note} ${kind}` : note;
  }
}

/**
 * A form of file as JSON Schema draft-7, for editors.
 *
 * @param places where notes of its fields may stand, the first that has one counting
 */
export function jsonSchemaOf(schema: z.ZodType, title: string, places: readonly string[] = ['']): Node {
  const found = z.toJSONSchema(schema, { target: 'draft-07', io: 'input', override: asJsonSchema }) as Node;
  annotate(found, '', places);
  return { ...found, title };
}

/**
 * The scenario format. A file that extends another may leave anything out; rules that relate fields to each other, and
 * ranges of quantities, are left to `rackrate check`.
 */
export function scenarioJsonSchema(): object {
  const { required, properties, ...schema } = jsonSchemaOf(scenarioFile, 'rackrate scenario, version 1');
  return {
    ...schema,
    properties: {
      ...(properties as Node),
      extends: { type: 'string', description: noteOf('extends') },
      overrides: { type: 'object', description: noteOf('overrides'), additionalProperties: { type: 'object' } },
    },
    anyOf: [{ required: ['extends'] }, { required }],
  };
}
