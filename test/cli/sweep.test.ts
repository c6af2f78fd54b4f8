import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { significant } from '../../src/units/format.ts';
import { folderWith } from '../io/folder.ts';
import { ENTRY, ROOT, rackrate } from './rackrate.ts';

const SCENARIO = readFileSync(join(ROOT, 'scenarios/chat-8b.yaml'), 'utf8');
const PRICES = 'capacity.rent.price=1..5:60';
const AXES = ['--axis', PRICES, '--axis', 'serving.max_batch=16,64', '--axis', 'slo.tpot_p95~serving.max_batch=1,2'];
const closedForm = ['--set', 'serving.envelope=closed-form'];

/** The last line of a sweep, from its table alone. */
function cheapest(whole: string): string {
  const rows = (parse(whole, { columns: true }) as Record<string, string>[]).filter(({ status }) => status === 'ok');
  const price = (row: Record<string, string>) => Number(row['usd_per_mtok_total']);
  const best = rows.reduce((least, row) => (price(row) < price(least) ? row : least));
  const at = Object.entries(best)
    .slice(0, 3)
    .map(([path, value]) => `${path}=${value}`);
  return `${rows.length} of 120 points have an answer; cheapest: ${significant(price(best))} USD/Mtok at ${at.join(' ')}`;
}

/** Starts a sweep and interrupts it after a few rows. */
async function cutOff(
  folder: string,
  args: readonly string[],
  output: string,
): Promise<{ part: string; said: string }> {
  const part = join(folder, `${output}.part`);
  const child = spawn(process.execPath, [ENTRY, ...args], { cwd: folder });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const rowsIn = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 3 : 0);
  while (rowsIn(part) < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  return { part, said };
}

describe('a sweep', { timeout: 120_000 }, () => {
  const folder = folderWith({ 'chat.yaml': SCENARIO });
  const sweep = (...more: string[]) => rackrate(['sweep', 'chat.yaml', ...closedForm, ...AXES, ...more], folder);
  const whole = sweep('--workers', '1').stdout;

  test('has the same bytes on one thread and on two', () => {
    expect(whole.split('\n')).toHaveLength(60 * 2 + 2);
    expect(sweep('--workers', '2').stdout === whole).toBe(true);
  });

  test('that is cut off leaves what it has, and goes on from there', async () => {
    const args = ['sweep', 'chat.yaml', ...closedForm, ...AXES, '-o', 'rows.csv', '--workers', '2'];
    const { part, said } = await cutOff(folder, args, 'rows.csv');
    const left = readFileSync(join(folder, 'rows.csv'), 'utf8');
    const rows = left.split('\n').length - 2;
    expect(rows).toBeGreaterThanOrEqual(3);
    expect(rows).toBeLessThan(120);
    expect(whole.split('\n').slice(1, rows + 1)).toEqual(left.split('\n').slice(1, rows + 1));
    expect(said).toContain(`interrupted after ${rows} of 120 points; the same command goes on from there`);

    expect(rackrate(['sweep', 'chat.yaml', '--axis', PRICES, '-o', 'rows.csv'], folder)).toMatchObject({
      status: 2,
      stderr: 'rows.csv.part: holds an unfinished sweep of something else; delete it, or write to another file\n',
    });
    writeFileSync(part, `${readFileSync(part, 'utf8')}{"capacity.rent.pri`);
    expect(rackrate(args, folder)).toMatchObject({
      status: 0,
      stderr: `going on after ${rows} of 120 points\nwrote rows.csv\n${cheapest(whole)}\n`,
    });
    expect(readFileSync(join(folder, 'rows.csv'), 'utf8') === whole).toBe(true);
    expect(readdirSync(folder)).toEqual(['chat.yaml', 'rows.csv']);
  });

  test('does not go on where a file that it reads has changed', async () => {
    const lengths = (tokens: number) => `output\n${Array.from({ length: 50 }, (_, i) => tokens + i).join('\n')}\n`;
    const place = folderWith({ 'chat.yaml': SCENARIO, 'lengths.csv': lengths(100) });
    const drawn = ['--set', 'traffic.output_tokens={file: lengths.csv, column: output}'];
    const args = ['sweep', 'chat.yaml', ...closedForm, ...drawn, ...AXES, '-o', 'rows.csv'];
    await cutOff(place, args, 'rows.csv');
    writeFileSync(join(place, 'lengths.csv'), lengths(200));
    expect(rackrate(args, place)).toMatchObject({ status: 2, stderr: expect.stringContaining('of something else') });
    writeFileSync(join(place, 'lengths.csv'), lengths(100));
    expect(rackrate(args, place)).toMatchObject({ status: 0, stderr: expect.stringContaining('going on after') });
  });

  test('with a value that no scenario can have leaves no file', () => {
    const said = sweep('--axis', 'serving.replicas=2,0', '-o', 'fault.csv', '--workers', '2');
    expect(said).toMatchObject({ status: 2, stderr: expect.stringContaining('serving.replicas=0') });
    expect(readdirSync(folder).filter((name) => name.startsWith('fault'))).toEqual([]);
  });

  test('as JSON has the rows of the CSV', () => {
    const { schema, rows } = JSON.parse(sweep('--json').stdout) as { schema: string; rows: Record<string, unknown>[] };
    expect(schema).toBe('rackrate.sweep/v1');
    expect(rows).toHaveLength(120);
    const row = (parse(whole, { columns: true }) as Record<string, string>[])[5];
    expect(String(rows[5]?.['usd_per_mtok_total'])).toBe(row?.['usd_per_mtok_total']);
  });

  test.each([
    [['--axis', 'capacity.rent.price=1..5:99999999999'], 'not 99,999,999,999'],
    [
      ['--axis', 'capacity.rent.price=1..5:100000', '--axis', 'serving.token_budget=1..99999:99999'],
      '9,999,900,000 points',
    ],
    [['--axis', PRICES, '--workers', '0'], 'expected a whole number, from 1 to 256'],
  ])('%j is refused at once', (args, said) => {
    expect(rackrate(['sweep', 'chat.yaml', ...args], folder)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(said),
    });
  });
});
