import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scenarioJsonSchema } from '../../src/schema/json-schema.ts';
import { ROOT, rackrate } from './rackrate.ts';

const folder = join(ROOT, 'scenarios');
const shipped = readFileSync(join(folder, 'scenario.schema.json'), 'utf8');

describe('the JSON Schema of a scenario', () => {
  test('ships as the program prints it (`rackrate schema -o scenarios/scenario.schema.json`)', () => {
    expect(rackrate(['schema'])).toMatchObject({ status: 0, stdout: shipped, stderr: '' });
    expect(shipped).toContain('"$schema": "http://json-schema.org/draft-07/schema#"');
  });

  test.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('is named in %s', (name) => {
    expect(readFileSync(join(folder, name), 'utf8').split('\n')[0]).toBe(
      '# yaml-language-server: $schema=scenario.schema.json',
    );
  });

  test('says what fields are in its own words, and lets a file that extends another leave things out', () => {
    const schema = scenarioJsonSchema() as { properties: Record<string, never>; anyOf: object[] };
    const { serving, traffic } = schema.properties as unknown as Record<
      string,
      { properties: Record<string, { type?: string; description?: string }>; additionalProperties: boolean }
    >;
    expect(serving?.properties['max_batch']?.type).toBe('integer');
    expect(serving?.additionalProperties).toBe(false);
    expect(traffic?.properties['cached_input']?.description).toMatch(/A share, as a number or in %, from 0 to 1\.$/);
    expect(schema.anyOf).toContainEqual({ required: ['extends'] });
    expect(JSON.stringify(schema)).not.toMatch(/"(whole|unit|dimension|min|max)":[^{]/);
  });
});
