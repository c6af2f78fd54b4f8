import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/command-tree.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { folderWith } from '../io/folder.ts';
import { ROOT } from './rackrate.ts';

const S = join(ROOT, 'scenarios', 'chat-8b.yaml');
const folder = folderWith({ 'other.yaml': 'rackrate: 1\nname: x\n' });
const at = (name: string) => join(folder, name);
mkdirSync(at('folder'));
execFileSync('mkfifo', [at('fifo')]);
writeFileSync(at('trace.csv'), 'arrival_s,input_tokens,output_tokens\n0,10,10\n');

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

/** What the command line ends with and says, without starting a process. */
async function answer(args: readonly string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const keep = (text: unknown) => {
    said += String(text);
    return true;
  };
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  vi.spyOn(process.stdout, 'write').mockImplementation((_, ...rest) => {
    for (const done of rest) if (typeof done === 'function') done();
    return true;
  });
  try {
    await createProgram().parseAsync([...args], { from: 'user' });
    return { code: Number(process.exitCode ?? 0), said };
  } catch (error) {
    const { name, message } = error as Error;
    return name === 'CommanderError' ? { code: 2, said } : { code: exitCodeOf(error), said: `${said}${message}` };
  } finally {
    vi.restoreAllMocks();
  }
}

describe('a fault of the command line is blamed on the option, with the nearest name', () => {
  test.each<[args: string, said: string]>([
    [`size ${S} --gpu H2OO`, '--gpu H2OO: there is no GPU "H2OO" in the catalog; did you mean "h200-sxm-141gb"?'],
    [`size ${S} --gpu qqq`, '--gpu qqq: there is no GPU "qqq" in the catalog; "rackrate catalog list gpu" names all'],
    [`size ${S} --gpu a,,b`, '--gpu a,,b: expected names with commas between them'],
    [`size ${S} --weights fp88`, '--weights fp88: no format of weights; did you mean "fp8"?'],
    [`size ${S} --weights bf61,fp88`, '--weights fp88: no format of weights; did you mean "fp8"?'],
    [`size ${S} --weights bf61,fp88`, '--weights bf61: no format of weights; did you mean "bf16"?'],
    [`size ${S} --capacity rnet`, '--capacity rnet: expected rent or own'],
    [`size ${S} --quality-floor 5`, '--quality-floor 5: expected a share such as 0.97 or "97 %"'],
    [`size ${S} --top 0`, "'--top <number>' argument '0' is invalid. expected a whole number, from 1 to 1000"],
    [`run ${S} --with bsy`, '--with bsy: there is no override "bsy"'],
    [
      `run ${S} --set serving.gpu=h2oo`,
      '--set serving.gpu: there is no GPU "h2oo" in the catalog; did you mean "h200-sxm-141gb"?',
    ],
    [`run ${S} --set serving.gpuu=l40s`, '--set serving.gpuu: serving: unknown key "gpuu"; did you mean "gpu"?'],
    [`run ${S} --set traffic.requests_per_day=1e308`, 'is outside the plausible range 0 to 1e15\n'],
    [`run ${S} --set =5`, '--set: expected path=value, got "=5"'],
    [`run ${S} --seed -1`, "'--seed <number>' argument '-1' is invalid"],
    [`run ${S} --sed 1`, "unknown option '--sed'"],
    [`rnu ${S}`, 'Did you mean run?'],
    [`sweep ${S} --axis serving.max_bacth=1,2`, '--axis serving.max_bacth=1: unknown key "max_bacth"; did you mean'],
    [`sweep ${S} --axis serving.gpu=h2oo`, '--axis serving.gpu="h2oo": there is no GPU "h2oo"'],
    [`sweep ${S} --axis serving.max_batch=1 --workers 0`, 'expected a whole number, from 1 to 256'],
    [`breakeven ${S} --over traffic.requests_per_dya=1..5:3`, '--over traffic.requests_per_dya=1..5:3: unknown key'],
    [`breakeven ${S} --over serving.gpu=h2oo`, '--over serving.gpu=h2oo: there is no GPU "h2oo"'],
    [`breakeven ${S} --horizon 1e9`, '--horizon 1e9: expected months such as 1,12,60, each at most 120'],
    [`explain ${S} usd_per_mtok_totl`, 'there is no metric "usd_per_mtok_totl"; did you mean "usd_per_mtok_total"?'],
    [`explain ${S} --depth -1`, '--depth -1: expected a whole number of levels'],
    [`replay ${S} --requests NaN`, '--requests NaN: expected a number above 0'],
    [`replay ${S} --requests 10 --rate 1e-308`, '--rate 1e-308: expected a number above 1e-8'],
    [`replay ${S} --trace ${at('other.yaml')}`, 'this looks like a scenario; expected the header TIMESTAMP'],
    [`replay ${S} --trace ${at('trace.csv')} --speed 0`, '--speed 0: expected a number above 0'],
    [`replay ${S} --trace ${at('trace.csv')} --sample 5`, '--sample 5: expected a number above 0, at most 1'],
    [`replay ${S} --requests 10 --until x`, '--until x: expected a span of time'],
    [`replay ${S} --requests 10 --timeline x.png`, '--timeline x.png: end it in .json'],
    [`accuracy --engine rplay`, '--engine rplay: expected replay or closed-form; did you mean "replay"?'],
    [`accuracy --by gpuu`, '--by gpuu: expected engine or gpu or model; did you mean "gpu"?'],
    [`accuracy --measured ${at('other.yaml')}`, 'this looks like a scenario; expected a CSV with a header of at least'],
    [`calibrate ${S} --measured ${at('other.yaml')}`, 'this looks like a scenario; expected what vllm bench serve'],
    [`calibrate ${S} --measured ${at('none')}`, 'there is no such file'],
    [`calibrate ${S} --measured x --replicas 0`, 'expected a whole number, from 1 to 1000000'],
    ['init --model lama-3.1-8b --gpu l4os', '--model lama-3.1-8b: there is no model "lama-3.1-8b" in the catalog; did'],
    ['init --model lama-3.1-8b --gpu l4os', '--gpu l4os: there is no GPU "l4os" in the catalog; did you mean "l40s"?'],
    ['init --model llama-3.1-8b --gpu l40s --tensor-parallel 0', 'expected a whole number, from 1 to 1024'],
    ['init --model llama-3.1-8b --gpu l40s --requests-per-day x', 'expected a whole number, 0 or more'],
    ['catalog list gpuu', 'there is no kind "gpuu"; did you mean "gpu"?'],
    ['catalog show h1oo-sxm5-80gb', 'there is no card "h1oo-sxm5-80gb" in the catalog; did you mean "h100-sxm5-80gb"?'],
    ['catalog check --as-of yesterday', '--as-of yesterday: expected a date such as "2026-12-01"'],
    [`run ${S} -o x.pdf`, 'cannot tell the form of x.pdf'],
  ])('%s', async (line, expected) => {
    const { code, said } = await answer(line.split(' '));
    expect(`${said}\n`).toContain(expected);
    expect(code).toBe(2);
  });
});

/** Values that no option was made for. */
const WRONG = [
  'nope',
  'NaN',
  '-1',
  '1e308',
  '',
  'x'.repeat(5000),
  at('folder'),
  at('fifo'),
  '\u001b[2J',
  '__proto__=1',
];

/** What a command needs beside the option under test. */
const BESIDE: Record<string, string[]> = {
  run: [S],
  check: [S],
  sweep: [S, '--axis', 'serving.max_batch=1'],
  breakeven: [S],
  size: [S],
  explain: [S],
  replay: [S, '--requests', '10'],
  calibrate: [S],
  accuracy: ['--measured', at('other.yaml')],
  init: ['--model', 'llama-3.1-8b', '--gpu', 'l40s'],
};

/** Every option that takes a value; -o is left out, for any name is a good one to it. */
function optionsUnder(command: Command, path: string[] = []): { path: string[]; flag: string }[] {
  const own = command.options
    .filter((option) => option.required && option.long !== '--output')
    .map((option) => ({ path: path.length === 0 ? ['run'] : path, flag: option.long as string }));
  return [...own, ...command.commands.flatMap((below) => optionsUnder(below, [...path, below.name()]))];
}

describe('an option answers a value of any other kind in a sentence', () => {
  test.each(optionsUnder(createProgram()))('$path $flag', { timeout: 60_000 }, async ({ path, flag }) => {
    for (const value of WRONG) {
      const { code, said } = await answer([...path, ...(BESIDE[path.join(' ')] ?? []), flag, value]);
      const shown = `${flag} ${value.slice(0, 30)}: ${code} ${said.slice(0, 300)}`;
      expect([0, 2, 3], shown).toContain(code);
      if (code !== 0) expect(said.trim(), shown).not.toBe('');
      expect(said.replaceAll(value === '' ? '\0' : value, ''), shown).not.toMatch(/\n\s+at |\[object|undefined|NaN/);
    }
  });
});
