import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { locateProblems, readScenario, type ScenarioOptions } from '../../src/io/scenario-file.ts';
import { InputError } from '../../src/schema/problem.ts';
import { complaints, folderWith, SCENARIO } from './folder.ts';

const NAMED = `${SCENARIO}overrides:
  busy:
    traffic: { utilization: 60 % }
  wrong:
    serving: { max_batch: many }
`;

function problems(files: Record<string, string>, options: ScenarioOptions = {}): string[] {
  const folder = folderWith(files);
  return complaints(folder, () => readScenario(join(folder, 's.yaml'), options));
}

describe('layers', () => {
  test('later wins: base, file, override block, setting', () => {
    const folder = folderWith({
      'base/b.yaml': SCENARIO,
      's.yaml':
        'extends: base/b.yaml\nname: Child\nserving: { max_batch: 8 }\noverrides: { more: { serving: { max_batch: 16 } } }\n',
    });
    const path = join(folder, 's.yaml');
    const batch = (options: ScenarioOptions) => readScenario(path, options).scenario.serving.max_batch;
    expect(readScenario(path).scenario).toMatchObject({ name: 'Child', model: 'small-model' });
    expect(batch({})).toBe(8);
    expect(batch({ with: ['more'] })).toBe(16);
    expect(batch({ with: ['more'], set: ['serving.max_batch=32'] })).toBe(32);
    expect(batch({ set: ['serving.max_batch=null'] })).toBeUndefined();
    expect(readScenario(path).overrides).toEqual(['more']);
    expect(readScenario(path).raw).not.toHaveProperty('overrides');
  });
  test('without extends, the hash is that of the file', () => {
    const folder = folderWith({ 's.yaml': SCENARIO });
    const sha256 = createHash('sha256').update(SCENARIO).digest('hex');
    expect(readScenario(join(folder, 's.yaml')).sha256).toBe(sha256);
  });
  test('a circle, a chain too long, a base that is missing or no scenario', () => {
    expect(problems({ 's.yaml': `${SCENARIO}extends: t.yaml`, 't.yaml': `rackrate: 1\nextends: ./s.yaml` })).toEqual([
      't.yaml:2:10: extends: the files extend each other in a circle',
    ]);
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`${i}.yaml`, `rackrate: 1\nextends: ${i + 1}.yaml`]),
    );
    expect(problems({ ...chain, 's.yaml': 'rackrate: 1\nextends: 0.yaml' })[0]).toMatch(/more than 8 files deep/);
    expect(problems({ 's.yaml': `${SCENARIO}extends: none.yaml` })).toEqual([
      's.yaml:11:10: extends: none.yaml: there is no such file',
    ]);
    const foreign = problems({ 's.yaml': `${SCENARIO}extends: keys.yaml`, 'keys.yaml': 'token: hunter2\nhunter3: 1' });
    expect(foreign).toEqual(['keys.yaml:1:1: this is not a scenario; one begins with "rackrate: 1"']);
  });
});

describe('every problem is shown where its key was written', () => {
  test('in the file', () => {
    const text = SCENARIO.replace('requests_per_day', 'requets_per_day').replace(
      '  gpu: small-gpu',
      '  gpus: small-gpu',
    );
    expect(problems({ 's.yaml': text })).toEqual([
      's.yaml:5:3: serving: unknown key "gpus"; did you mean "gpu"?',
      's.yaml:7:3: traffic: unknown key "requets_per_day"; did you mean "requests_per_day"?',
    ]);
  });
  test('in the base, in the file over it, in the block, on the command line', () => {
    const files = {
      'b.yaml': NAMED.replace('name: Smallest', 'name: 5'),
      's.yaml': 'extends: b.yaml\nserving: { weights: fp9 }\n',
    };
    const said = problems(files, { with: ['wrong'], set: ['serving.kv_cache=int3', 'trafic.growth=3', 'slo'] });
    expect(said.toSorted()).toEqual(
      [
        '--set: expected path=value, got "slo"',
        'b.yaml:2:7: name: expected a text, got 5',
        's.yaml:2:21: serving.weights: expected one of fp32, bf16, fp16, fp8, int8, int4, nvfp4, mxfp4 or a list of layers and formats, got "fp9"; did you mean "fp8"?',
        '--set serving.kv_cache: expected one of bf16, fp16, fp8, int8, got "int3"; did you mean "int8"?',
        'b.yaml:15:27: serving.max_batch: expected a number, got "many"',
        '--set trafic.growth: unknown key "trafic"; did you mean "traffic"?',
      ].toSorted(),
    );
  });
  test('a block missing a key is shown in the file, though a setting reaches into it', () => {
    const text = SCENARIO.replace('  gpu: small-gpu', '  max_batch: 4');
    expect(problems({ 's.yaml': text }, { set: ['serving.max_batch=8'] })).toEqual([
      's.yaml:4:1: serving: missing gpu',
    ]);
  });
  test('problems found later, and an unknown override', () => {
    const folder = folderWith({ 's.yaml': NAMED });
    const loaded = readScenario(join(folder, 's.yaml'), { set: ['model=other'] });
    const late = new InputError([
      { path: ['model'], message: 'there is no model' },
      { path: ['serving', 'gpu'], message: 'there is no GPU' },
    ]);
    expect(
      complaints(folder, () => {
        throw locateProblems(loaded, late);
      }).toSorted(),
    ).toEqual(['--set model: there is no model', 's.yaml:5:8: serving.gpu: there is no GPU']);
    expect(problems({ 's.yaml': NAMED }, { with: ['buzy'] })).toEqual([
      '--with buzy: there is no override "buzy"; did you mean "busy"?',
    ]);
  });
});
