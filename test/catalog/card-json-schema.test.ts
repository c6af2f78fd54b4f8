import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cardJsonSchema } from '../../src/catalog/card-json-schema.ts';
import { CARD_KINDS, type CardKind } from '../../src/catalog/catalog.ts';
import { packageRoot } from '../../src/io/package-root.ts';
import { scenarioJsonSchema } from '../../src/schema/json-schema.ts';

const ROOT = packageRoot();
const KINDS = Object.keys(CARD_KINDS) as CardKind[];

/** Kinds that users write; the others are fitted or collected by tools. */
const WRITTEN: readonly CardKind[] = [
  'gpu',
  'model',
  'rental',
  'node',
  'site',
  'network',
  'price',
  'traffic',
  'quality',
];

/** Paths of all properties that say nothing of themselves. */
function silent(node: unknown, path: string): string[] {
  if (Array.isArray(node)) return node.flatMap((item) => silent(item, path));
  if (typeof node !== 'object' || node === null) return [];
  const { properties = {}, ...rest } = node as { properties?: Record<string, { description?: string }> };
  const own = Object.entries(properties).flatMap(([name, property]) => [
    ...(property.description === undefined ? [`${path}.${name}`] : []),
    ...silent(property, `${path}.${name}`),
  ]);
  const inner = ['anyOf', 'oneOf', 'items', 'additionalProperties'].map(
    (key) => (rest as Record<string, unknown>)[key],
  );
  return [...own, ...silent(inner, path)];
}

describe.each(KINDS)('the form of a card: %s', (kind) => {
  const { folder } = CARD_KINDS[kind];
  const text = readFileSync(join(ROOT, `schemas/${kind}.schema.json`), 'utf8');
  const isValid = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(JSON.parse(text));

  test(`ships as the program prints it (rackrate schema ${kind} -o schemas/${kind}.schema.json)`, () => {
    expect(text).toBe(`${JSON.stringify(cardJsonSchema(kind), undefined, 2)}\n`);
  });

  test('is named in every shipped card, which is valid by it', () => {
    for (const name of readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.yaml'))) {
      const card = readFileSync(join(ROOT, folder, name), 'utf8');
      expect(card.split('\n')[0], name).toBe(`# yaml-language-server: $schema=../../schemas/${kind}.schema.json`);
      expect(isValid(parse(card)), `${name}: ${JSON.stringify(isValid.errors?.[0])}`).toBe(true);
    }
  });

  test('refuses a key that no card has', () => {
    const [name = ''] = readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.yaml'));
    const card = parse(readFileSync(join(ROOT, folder, name), 'utf8')) as object;
    expect(isValid({ ...card, surplus: 1 })).toBe(false);
  });
});

test.each(WRITTEN)('every field of the card is explained: %s', (kind) => {
  expect(silent(cardJsonSchema(kind), kind)).toEqual([]);
});

test('every field of a scenario is explained', () => {
  expect(silent(scenarioJsonSchema(), 'scenario')).toEqual([]);
});
