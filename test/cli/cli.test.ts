import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, SCENARIO } from '../io/folder.ts';
import { ENTRY, rackrate } from './rackrate.ts';

const shipped = SCENARIO.replace('small-model', 'llama-3.1-8b').replace('small-gpu', 'h100-sxm5-80gb');

describe('help and version', () => {
  test('go to the standard output and end with 0', () => {
    const help = rackrate(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: rackrate/);
    expect(rackrate(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(rackrate(['check', '--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--set <path=value>'),
    });
  });
  test('read one small file: no library is in the entry', () => {
    expect(statSync(ENTRY).size).toBeLessThan(100_000);
    expect(statSync(ENTRY).mode & 0o111).toBe(0o111);
    expect(readFileSync(ENTRY, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const others = readdirSync(join(ENTRY, '..')).filter((name) => name.endsWith('.js') && name !== 'rackrate.js');
    expect(others.filter((name) => readFileSync(join(ENTRY, '..', name), 'utf8').startsWith('#!'))).toEqual([]);
  });
});

describe('bad usage ends with 2 and says what was probably meant', () => {
  test.each([
    ['no command', [], /^Usage/],
    ['unknown command', ['chek'], /^rackrate: unknown command 'chek'\n\(Did you mean check\?\)\n$/],
    ['unknown option', ['check', '--jsn', 'x'], /^rackrate: unknown option '--jsn'\n\(Did you mean --json\?\)\n$/],
    ['missing argument', ['check'], /^rackrate: missing required argument 'file'\n$/],
    ['seed that is no number', ['check', 'x', '--seed', 'one'], /expected a whole number, 0 or more/],
    ['unknown kind', ['catalog', 'list', 'gpux'], /there is no kind "gpux"; did you mean "gpu"\?/],
    [
      'unknown card',
      ['catalog', 'show', 'h100-smx5-80gb'],
      /there is no card "h100-smx5-80gb" in the catalog; did you mean "h100-sxm5-80gb"\?/,
    ],
  ])('%s', (_, args, said) => {
    expect(rackrate(args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(said) });
  });
});

describe('check', () => {
  const folder = folderWith({
    'good.yaml': shipped,
    'typo.yaml': shipped.replace('requests_per_day', 'requets_per_day'),
    'gpu.yaml': shipped.replace('h100-sxm5-80gb', 'h100-smx5-80gb').replace('llama-3.1-8b', 'llama-3.1-8'),
    'blocks.yaml': `${shipped}overrides: { wrong: { serving: { weights: fp9 } } }\n`,
  });
  test('a sound file', () => {
    expect(rackrate(['check', 'good.yaml'], folder)).toMatchObject({
      status: 0,
      stdout: 'good.yaml: ok\n',
      stderr: '',
    });
  });
  test('every fault of every file, as file:line:col', () => {
    expect(rackrate(['check', 'typo.yaml', 'good.yaml', 'gpu.yaml', 'blocks.yaml', 'none.yaml'], folder)).toMatchObject(
      {
        status: 2,
        stdout: 'good.yaml: ok\n',
        stderr: [
          'typo.yaml:7:3: traffic: unknown key "requets_per_day"; did you mean "requests_per_day"?',
          'gpu.yaml:3:8: model: there is no model "llama-3.1-8" in the catalog; did you mean "llama-3.1-8b"?',
          'gpu.yaml:5:8: serving.gpu: there is no GPU "h100-smx5-80gb" in the catalog; did you mean "h100-sxm5-80gb"?',
          'blocks.yaml:11:43: serving.weights: expected one of fp32, bf16, fp16, fp8, int8, int4, nvfp4, mxfp4 or a list of layers and formats, got "fp9"; did you mean "fp8"?',
          'none.yaml: there is no such file',
          '',
        ].join('\n'),
      },
    );
  });
  test('a fault of the command line is shown as such', () => {
    expect(
      rackrate(['check', 'good.yaml', '--set', 'serving.gpu=l5', '--set', 'traffic.requests_per_day=5k'], folder),
    ).toMatchObject({
      status: 2,
      stderr: '--set serving.gpu: there is no GPU "l5" in the catalog; did you mean "l4"?\n',
    });
  });
  test('as JSON', () => {
    const { stdout, status } = rackrate(['check', 'typo.yaml', '--json'], folder);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ file: 'typo.yaml', problems: [{ line: 7, col: 3 }] }] });
  });
});

describe('catalog', () => {
  test('list, by kind', () => {
    const { stdout, status } = rackrate(['catalog', 'list', 'gpu']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^gpu {2}a100-pcie-80gb +NVIDIA A100/m);
  });
  test('show gives value, unit, source and date, by any alias', () => {
    const { stdout, status } = rackrate(['catalog', 'show', 'H100 SXM']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^memory_bandwidth +3\.35 TB\/s +datasheet +20\d\d-\d\d +\d+ mo +NVIDIA/m);
  });
  test('list gives the price of what has one, its date and its age against the newest source', () => {
    const listed = JSON.parse(rackrate(['catalog', 'list', 'rental', '--json']).stdout) as Record<string, string>[];
    const card = listed.find(({ id }) => id === 'lambda-h100-sxm');
    expect(card).toMatchObject({ value: '3.99 USD/h', as_of: '2026-10-10', age_months: 1 });
    for (const { value, as_of, age_months } of listed) {
      expect(value).toMatch(/^\d[\d.]* USD\/h$/);
      expect(as_of).toMatch(/^20\d\d-\d\d/);
      expect(age_months).toBeGreaterThanOrEqual(0);
    }
  });
  test('check', () => {
    expect(rackrate(['catalog', 'check'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+ cards, 0 errors/),
    });
  });
});

describe('streams', () => {
  test('a reader that goes away is no fault', () => {
    const piped = spawnSync(
      'bash',
      ['-c', `set -o pipefail; "${process.execPath}" "${ENTRY}" catalog list | head -1 >/dev/null`],
      {
        encoding: 'utf8',
      },
    );
    expect(piped.stderr).toBe('');
  });
  test('-o writes the file and says so, unless -q', () => {
    const folder = folderWith({});
    expect(rackrate(['catalog', 'list', '-o', 'a.txt'], folder)).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'wrote a.txt\n',
    });
    expect(rackrate(['catalog', 'list', '-q', '-o', 'b.txt'], folder)).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(rackrate(['catalog', 'list', '-o', 'none/b.txt'], folder)).toMatchObject({
      status: 1,
      stderr: 'cannot write none/b.txt: there is no such folder\n',
    });
    expect(readdirSync(folder)).toEqual(['a.txt', 'b.txt']);
  });
});
