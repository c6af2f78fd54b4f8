import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith } from '../io/folder.ts';
import { rackrate } from './rackrate.ts';

/** Five faults of form and eight names that lead nowhere, in turn. */
const FAULTY = `rackrate: 1
name: Bad
start: 2026-12-01
model: lama-3.3-70b
serving:
  gpu: h100-sxm5-80
  tensor_paralel: 4
  weights: fp9
  engine: vlm
traffic:
  requests_per_day: -3
  shape: chatt
  input_tokens: { mean: 2000, cv: 0.8 }
  output_tokens: 300
slo: { ttft_p95: 2 parsec }
capacity: { rent: { id: runpod-comunity-h100-sxm } }
facility: typicl
compare:
  - { provider: opnai, model: gpt-4.1 }
  - { provider: openai, model: gpt-4.11 }
  - { sheet: claude-sonet-4.6, colour: red }
`;

/** The same with its form mended. */
const UNKNOWN = FAULTY.replace('paralel', 'parallel')
  .replace('fp9', 'fp8')
  .replace('-3\n', '3\n')
  .replace('parsec', 's')
  .replace(', colour: red', '');

const folder = folderWith({ 'faulty.yaml': FAULTY, 'unknown.yaml': UNKNOWN });
const NAMES = [
  ['4:8', 'model: there is no model "lama-3.3-70b" in the catalog; did you mean "llama-3.3-70b"?'],
  ['6:8', 'serving.gpu: there is no GPU "h100-sxm5-80" in the catalog; did you mean "h100-sxm5-80gb"?'],
  ['9:11', 'serving.engine: there is no engine "vlm" in the catalog; did you mean "vllm"?'],
  ['12:10', 'traffic.shape: there is no traffic shape "chatt" in the catalog; did you mean "chat"?'],
  [
    '16:25',
    'capacity.rent.id: there is no rental "runpod-comunity-h100-sxm" in the catalog; did you mean "runpod-community-h100-sxm"?',
  ],
  ['17:11', 'facility: there is no facility "typicl" in the catalog; did you mean "typical"?'],
  ['19:5', 'compare.0: no price list of provider "opnai"; did you mean "openai"?'],
  ['20:5', 'compare.1: OpenAI lists no price for "gpt-4.11"; did you mean "gpt-4.1"?'],
  [
    '21:14',
    'compare.2.sheet: there is no price sheet "claude-sonet-4.6" in the catalog; did you mean "claude-sonnet-4.6"?',
  ],
] as const;
const FORM = [
  ['7:3', 'serving: unknown key "tensor_paralel"; did you mean "tensor_parallel"?'],
  [
    '8:12',
    'serving.weights: expected one of fp32, bf16, fp16, fp8, int8, int4, nvfp4, mxfp4 or a list of layers and formats, got "fp9"; did you mean "fp8"?',
  ],
  ['11:21', 'traffic.requests_per_day: -3 is outside the plausible range 0 to 1e15'],
  ['15:18', 'slo.ttft_p95: expected a quantity in s, such as "60 ms"; there is no unit "parsec"'],
  ['21:32', 'compare.2: unknown key "colour"'],
] as const;

const inOrder = (problems: readonly (readonly [string, string])[]) =>
  problems.toSorted(
    ([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || Number(a.split(':')[1]) - Number(b.split(':')[1]),
  );
const lines = (file: string, problems: readonly (readonly [string, string])[]) =>
  inOrder(problems).map(([place, message]) => `${file}:${place}: ${message}`.trimEnd());

describe('every problem is told at once, in the order of the file', () => {
  const said = (...args: string[]) => {
    const { status, stdout, stderr } = rackrate(args, folder);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    return stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  };

  test('faults of form and unknown names', () => {
    expect(said('run', 'faulty.yaml')).toEqual(lines('faulty.yaml', [...NAMES, ...FORM]));
  });

  test('unknown names alone', () => {
    expect(said('run', 'unknown.yaml')).toEqual(lines('unknown.yaml', NAMES));
  });

  test('in a sweep too', () => {
    const swept = said('sweep', 'unknown.yaml', '--axis', 'serving.gpu=h100-sxm5-80gb,l40s');
    expect(swept).toEqual(lines('unknown.yaml', NAMES));
  });

  test('a name of the command line is blamed on it', () => {
    const [first] = said('run', 'unknown.yaml', '--set', 'model=lama-3.3-70b');
    expect(first).toBe('--set model: there is no model "lama-3.3-70b" in the catalog; did you mean "llama-3.3-70b"?');
  });

  test('a file that is no model is named once, beside the rest', () => {
    writeFileSync(join(folder, 'm.yaml'), FAULTY.replace('lama-3.3-70b', 'none.json'));
    const all = said('run', 'm.yaml');
    expect(all.filter((line) => line.includes('none.json'))).toHaveLength(1);
    expect(all).toHaveLength(NAMES.length + FORM.length);
  });
});
