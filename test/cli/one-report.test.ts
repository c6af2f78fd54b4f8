import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProvider } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { PROVIDERS } from '../../src/api/listed-prices.ts';
import { loadPlan } from '../../src/cli/load-plan.ts';
import { LocatedError } from '../../src/io/located-error.ts';
import { openLookups } from '../../src/run/open-lookups.ts';
import { folderWith } from '../io/folder.ts';

const lookups = openLookups();
const folder = folderWith({ 'lengths.csv': 'input,output\n5,6\n' });
const path = join(folder, 's.yaml');

/** `line:col: message` of every problem of a scenario. */
function report(text: string, set: readonly string[] = []): string[] {
  writeFileSync(path, text);
  try {
    loadPlan(path, { set, with: [] }, lookups);
    return [];
  } catch (error) {
    if (!(error instanceof LocatedError)) throw error;
    return error.message.split('\n').map((line) => line.replace(`${path}:`, ''));
  }
}

const FAULTY = `rackrate: 1
name: Faults of both kinds
start: 2026-12-01
model: lama-3.3-70b
serving:
  gpu: h100-smx5-80gb
  engine: vlmm
  max_bacth: 4
  weights: fp88
  scheduling: { policy: disaggregated, network: infinband-ndr-400 }
traffic:
  requests_per_day: many
  shape: chatt
  timezone: Europe/Berln
  input_tokens: { file: lengths.csv, column: inputs }
  output_tokens: 10
slo: { ttft_p95: 3 }
capacity:
  own:
    node: hgx-h100-9
    price: 3 furlongs
    site: us-virgina
overheads: { observabilty: typical }
transfers: { internt: { amount: 4 GB } }
compare:
  - { sheet: claude-sonnet-4.7 }
  - { provider: togethr, model: x }
  - { provider: openai, model: gpt-4.11 }
`;

describe('faults of the form and names that lead nowhere come in one report', () => {
  const found = report(FAULTY);

  test.each([
    ['4:8', 'did you mean "llama-3.3-70b"?'],
    ['6:8', 'did you mean "h100-sxm5-80gb"?'],
    ['7:11', 'did you mean "vllm"?'],
    ['8:3', 'did you mean "max_batch"?'],
    ['9:12', 'did you mean "fp8"?'],
    ['10:49', 'did you mean "infiniband-ndr-400"?'],
    ['12:21', 'expected a number, got "many"'],
    ['13:10', 'did you mean "chat"?'],
    ['14:13', 'did you mean "Europe/Berlin"?'],
    ['15:46', 'the file has no column "inputs"'],
    ['17:18', '3 has none'],
    ['20:11', 'did you mean "hgx-h100-8"?'],
    ['21:12', 'there is no unit "furlongs"'],
    ['22:11', 'did you mean "us-virginia"?'],
    ['23:28', 'no typical figure for this'],
    ['24:23', 'did you mean "internet"?'],
    ['26:14', 'did you mean "claude-sonnet-4.6"?'],
    ['27:5', 'did you mean "together"?'],
    ['28:5', 'did you mean "gpt-4.1"?'],
  ])('%s', (place, said) => {
    expect(found.filter((line) => line.startsWith(`${place}: `))).toEqual([expect.stringContaining(said)]);
  });

  test('in the order of the text, and nothing else', () => {
    const lines = found.map((line) => Number(line.split(':')[0]));
    expect(lines).toHaveLength(19);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  });

  test('a value is blamed once', () => {
    const twice = FAULTY.replace('gpu: h100-smx5-80gb', 'gpu: "¿qué?"').replace('node: hgx-h100-9', 'node: Not An Id');
    expect(report(twice)).toHaveLength(19);
  });

  test('names from the command line are blamed there', () => {
    const set = ['model=qwen3-33b', 'serving.gpu=h200-sxm', 'name='];
    const said = report(FAULTY, set);
    expect(said.filter((line) => line.startsWith('--set'))).toEqual([
      expect.stringContaining('has no value'),
      expect.stringMatching(/^--set model: there is no model "qwen3-33b".*did you mean "qwen3-32b"/),
    ]);
  });

  test('an unknown name is found behind any number of known ones', () => {
    const lines = Array.from({ length: 80 }, (_, i) => `line-${i}: 5 USD`).join(', ');
    const ways = Array.from({ length: 80 }, (_, i) => `way-${i}: { amount: 1 GB, price: 0.1 USD/GB }`).join(', ');
    const many = FAULTY.replace('observabilty: typical', `${lines}, observabilty: typical`).replace(
      'internt: {',
      `${ways}, internt: {`,
    );
    const said = report(many);
    expect(said.filter((line) => /no typical figure|no tariff of this way/.test(line))).toHaveLength(2);
  });

  test('an unknown facility hides no other name', () => {
    const said = report(FAULTY.replace('name: Faults', 'facility: typicl\nname: Faults'));
    expect(said[0]).toMatch(/^2:11: facility: .*did you mean "typical"/);
    // Its overheads and ways of transfer are not known then.
    expect(said).toHaveLength(18);
  });
});

test('every provider that is offered as a near name is one of the list', () => {
  for (const providerId of PROVIDERS) expect(findProvider({ providerId }), providerId).toBeDefined();
});
