import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { listedHosts } from '../../src/api/listed-prices.ts';
import type { Result } from '../../src/result/record.ts';
import { openLookups } from '../../src/run/open-lookups.ts';
import { starter } from '../../src/run/starter.ts';
import type { Scenario } from '../../src/schema/scenario.ts';
import { folderWith } from '../io/folder.ts';
import { ROOT, rackrate } from './rackrate.ts';

const lookups = openLookups();
const written = (model: string, gpu: string, more: object = {}) =>
  parse(starter({ model, gpu, schema: 's.json', ...more }, lookups)) as Scenario;

describe('init', () => {
  test('writes a scenario that check and run accept as it is', () => {
    const folder = folderWith({});
    const init = ['init', '--model', 'meta-llama/Llama-3.1-8B-Instruct', '--gpu', 'L40S', '-o', 'mine.yaml'];
    expect(rackrate(init, folder)).toMatchObject({ status: 0, stdout: '', stderr: 'wrote mine.yaml\n' });
    const text = readFileSync(join(folder, 'mine.yaml'), 'utf8');
    const schema = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)?.[1] ?? '';
    expect(JSON.parse(readFileSync(join(folder, schema), 'utf8'))).toHaveProperty('title');
    expect(text).toContain('model: llama-3.1-8b\n');
    expect(rackrate(['check', 'mine.yaml'], folder)).toMatchObject({ status: 0, stdout: 'mine.yaml: ok\n' });
    const run = rackrate(['run', 'mine.yaml', '--json'], folder);
    expect(run.status).toBe(0);
    const result = JSON.parse(run.stdout) as Result;
    expect(result.slo_met).toBe(true);
    expect(result.comparisons[0]).toMatchObject({ same_model: true, baseline: true });
    expect(rackrate(init.slice(0, -2)).stdout.split('\n').slice(1)).toEqual(text.split('\n').slice(1));
  });

  test('overwrites nothing, not even a link that leads nowhere', () => {
    const folder = folderWith({ 'mine.yaml': 'precious' });
    const init = (file: string) => rackrate(['init', '--model', 'llama-3.1-8b', '--gpu', 'l40s', '-o', file], folder);
    symlinkSync('nowhere.yaml', join(folder, 'link.yaml'));
    mkdirSync(join(folder, 'folder'));
    for (const file of ['mine.yaml', 'link.yaml', 'folder']) {
      expect(init(file)).toMatchObject({ status: 2, stdout: '' });
      expect(init(file).stderr).toContain(`${file} is there already`);
    }
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('precious');
  });

  test('names every unknown card with the nearest, and what is out of range', () => {
    const unknown = rackrate(['init', '--model', 'lama-3.1-8b', '--gpu', 'l40z']);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain(
      '--model lama-3.1-8b: there is no model "lama-3.1-8b" in the catalog; did you mean "llama-3.1-8b"?',
    );
    expect(unknown.stderr).toContain('--gpu l40z: there is no GPU "l40z" in the catalog; did you mean "');
    const many = rackrate(['init', '--model', 'llama-3.1-8b', '--gpu', 'l40s', '--tensor-parallel', '0']);
    expect(many.status).toBe(2);
    expect(many.stderr).toContain('expected a whole number, from 1 to 1024');
    expect(rackrate(['init', '--gpu', 'l40s'])).toMatchObject({ status: 2 });
  });
});

describe('what a starter chooses', () => {
  test('the fewest GPUs that hold the published format', () => {
    // 70.55 G parameters of 2 bytes are 141 GB. One H100 has 79.1 GiB; two hold 70.6 GB each and 2 GB of workspace, of the
    // 78.1 GB that are 92 % of it, with room for a request; on L40S, 92 % of 47.7 GB, it takes four.
    expect(written('llama-3.3-70b', 'h100-sxm5-80gb').serving).toMatchObject({ tensor_parallel: 2, weights: 'bf16' });
    expect(written('llama-3.3-70b', 'l40s').serving.tensor_parallel).toBe(4);
    expect(written('llama-3.1-8b', 'h100-sxm5-80gb').serving.tensor_parallel).toBe(1);
    const asked = written('llama-3.1-8b', 'h100-sxm5-80gb', { tensorParallel: 2, requestsPerDay: 77 });
    expect(asked.serving.tensor_parallel).toBe(2);
    expect(asked.traffic.requests_per_day).toBe(77);
    const refused = rackrate(['init', '--model', 'llama-3.3-70b', '--gpu', 'h100-sxm5-80gb', '--tensor-parallel', '1']);
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    expect(refused.stderr).toContain('does not fit');
  });

  test('the cheapest rental on demand; where there is none, a server to buy', () => {
    const { catalog } = lookups;
    const rentals = catalog.ids('rental').map((id) => catalog.find('rental', id));
    // A rental that comes in eights is paid for in eights, however few GPUs it takes.
    const bill = (card: (typeof rentals)[number], gpus: number) =>
      Math.ceil(gpus / (card?.gpus_per_instance ?? 1)) * (card?.gpus_per_instance ?? 1) * (card?.on_demand ?? 0);
    for (const [model, gpu] of [
      ['llama-3.1-8b', 'l40s'],
      ['qwen3.5-122b-a10b', 'mi300x'],
    ] as const) {
      const { capacity, serving } = written(model, gpu);
      const gpus = serving.tensor_parallel ?? 1;
      const bills = rentals.filter((card) => card?.gpu === gpu).map((card) => bill(card, gpus));
      expect(bill(catalog.find('rental', capacity.rent?.id ?? ''), gpus)).toBe(Math.min(...bills));
    }
    const owned = catalog.ids('node').map((id) => catalog.find('node', id)?.gpu ?? '');
    const only = owned.find((gpu) => !rentals.some((card) => card?.gpu === gpu)) ?? '';
    expect(written('llama-3.1-8b', only).capacity).toEqual({ own: {} });
    expect(() => written('llama-3.1-8b', 'm2-ultra-192gb')).toThrow('neither a rental nor a node');
  });

  test('dated sheets of the model before the price list, and never another model', () => {
    expect(written('llama-3.3-70b', 'h200-sxm-141gb').compare.map((offer) => offer.sheet)).toEqual([
      'deepinfra-llama-3.3-70b',
      'together-llama-3.3-70b',
    ]);
    expect(listedHosts(['llama-3.1-8b'])).toContainEqual({ provider: 'groq', model: 'llama-3.1-8b-instant' });
    expect(listedHosts(['llama-3.1-8b']).some(({ model }) => /distill|lunaris|free|70b/i.test(model))).toBe(false);
    expect(listedHosts(['opt-66b'])).toEqual([]);
    expect(written('opt-66b', 'h100-sxm5-80gb').compare).toBeUndefined();
  });

  test('no latency target that the layout cannot meet', () => {
    const slow = starter({ model: 'opt-66b', gpu: 'l4', schema: 's.json' }, lookups);
    expect(slow).toMatch(/^# slo: .*not met by this layout/m);
    expect(parse(slow)).not.toHaveProperty('slo');
  });

  test('the shipped schema is named from the root of the package as the shipped scenarios name it', () => {
    const text = rackrate(['init', '--model', 'llama-3.1-8b', '--gpu', 'l40s'], join(ROOT, 'scenarios')).stdout;
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=scenario.schema.json');
  });
});
