import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { openModels } from '../../src/io/model-file.ts';
import { readScenario } from '../../src/io/scenario-file.ts';
import { parameterCount } from '../../src/model/parameters.ts';
import { modelOfConfig } from '../../src/scenario/config-json/read-config.ts';
import { MODEL_FIELDS } from '../../src/schema/model.ts';
import { InputError } from '../../src/schema/problem.ts';
import { planOf, scenario } from '../acceptance/fixtures.ts';
import { PUBLISHED_CONFIGS } from './published-configs.ts';

const catalog = openCatalog();
const LLAMA = PUBLISHED_CONFIGS['llama-3.1-8b'] as Record<string, unknown>;

/** The shape a card or a configuration gives, without what only one of them says. */
function shapeOf(model: object): Record<string, unknown> {
  const said = MODEL_FIELDS.filter((key) => key !== 'name');
  const entries = said.map((key) => [key, (model as Record<string, unknown>)[key]] as const);
  const sorted = entries.map(([key, value]) => [key, key === 'sixteen_bit' ? (value as string[]).toSorted() : value]);
  return Object.fromEntries(sorted.filter(([, value]) => value !== undefined));
}

function problemsOf(config: unknown): string[] {
  try {
    modelOfConfig(config);
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

describe('a published config.json is the card of the same model', () => {
  test.each(Object.entries(PUBLISHED_CONFIGS))('%s', (id, config) => {
    const card = catalog.find('model', id);
    if (card === undefined) throw new Error(`no card ${id}`);
    const { model, native } = modelOfConfig(config);
    const read = shapeOf(model);
    const known = shapeOf(card);
    // Cards say more of what is left in 16 bits than a checkpoint in 16 bits has reason to.
    if (['bf16', 'fp16', 'mxfp4'].includes(card.native_weights) && !('quantization_config' in config)) {
      delete read['sixteen_bit'];
      delete known['sixteen_bit'];
    }
    expect(read).toEqual(known);
    if (id !== 'deepseek-v4-pro') expect(native).toBe(card.native_weights);
    expect(parameterCount(model)).toEqual(parameterCount(card));
  });
});

describe('what cannot be understood is refused by the name of its field', () => {
  test.each([
    ['an unknown kind of model', { ...LLAMA, model_type: 'secretmodel' }, /^model_type: not a kind of model/],
    ['none', {}, /^model_type/],
    ['a missing field', { ...LLAMA, num_hidden_layers: undefined }, /^num_hidden_layers: the configuration lacks/],
    ['a field of another type', { ...LLAMA, hidden_size: '4096' }, /^hidden_size: expected a whole number/],
    [
      'an unknown type of layer',
      { ...LLAMA, sliding_window: 8, layer_types: ['odd'] },
      /^layer_types: .* not understood/,
    ],
    [
      'a way to quantise',
      { ...LLAMA, quantization_config: { quant_method: 'hqq' } },
      /^quantization_config: not a way/,
    ],
    ['single dense layers', { ...PUBLISHED_CONFIGS['qwen3-235b-a22b'], mlp_only_layers: [3] }, /^mlp_only_layers/],
    [
      'an odd letter',
      { ...PUBLISHED_CONFIGS['nemotron-3-nano-30b-a3b'], hybrid_override_pattern: 'MX' },
      /^hybrid_override/,
    ],
    ['a number out of range', { ...LLAMA, num_attention_heads: 100_000 }, /heads: 100000 .* outside/],
    ['a list', [], /expected the fields/],
  ])('%s', (_name, config, message) => {
    expect(problemsOf(config).some((problem) => message.test(problem))).toBe(true);
  });

  test('every problem at once, none with what stands in the file', () => {
    const problems = problemsOf({ model_type: 'llama', hidden_size: 'secret', vocab_size: 'secret' });
    expect(problems.length).toBeGreaterThan(2);
    expect(problems.join()).not.toContain('secret');
  });

  test('anything at all is a model or an InputError', () => {
    const field = fc.constantFrom(
      ...new Set(Object.values(PUBLISHED_CONFIGS).flatMap((config) => Object.keys(config))),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(PUBLISHED_CONFIGS)),
        fc.dictionary(field, fc.jsonValue(), { maxKeys: 4 }),
        (config, changes) => {
          expect(() => problemsOf({ ...config, ...changes })).not.toThrow();
        },
      ),
    );
  });
});

describe('model: a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rackrate-models-'));
  const checkpoint = join(folder, 'Meta-Llama-3.1-8B');
  mkdirSync(checkpoint);
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(LLAMA));
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('is read relative to the scenario and named for its folder', () => {
    const raw = { ...scenario(), model: 'Meta-Llama-3.1-8B/config.json' };
    const path = write('a.yaml', JSON.stringify(raw));
    const plan = planOf(readScenario(path).raw as Record<string, unknown>);
    expect(plan.modelName).toBe('Meta-Llama-3.1-8B');
    const card = planOf(scenario({ model: 'llama-3.1-8b' }));
    expect(shapeOf(plan.model)).toEqual(shapeOf(card.model));
  });

  test.each([
    ['a missing file', join(folder, 'none.json'), /no such file/],
    ['a folder', write('x.json', '') && folder, /not a file|folder/],
    ['no JSON', write('text.json', 'secret: yes'), /not JSON/],
    ['a file too large', write('large.json', ' '.repeat(5 * 2 ** 20)), /larger than 4 MB/],
    ['a truncated file', write('half.json', JSON.stringify(LLAMA).slice(0, 80)), /not JSON/],
  ])('%s is refused', (_name, path, message) => {
    const answer = openModels()(path);
    expect(answer.found).toBe(false);
    if (!answer.found) {
      expect(answer.problems.join()).toMatch(message);
      expect(answer.problems.join()).not.toContain('secret');
    }
  });
});
