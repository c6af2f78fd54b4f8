import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { folderWith } from '../io/folder.ts';
import { FILES, NAMED, SECRET, text } from './hostile-files.ts';
import { ENTRY } from './rackrate.ts';

/**
 * The promise is about the program: exit code 2 or 3 within a second, the place of the fault, no stack, nothing of a
 * private file. So it is the built program that is run here, once for each input.
 */

const folder = folderWith({});
const at = (name: string) => join(folder, name);

function lay(): void {
  for (const [name, content] of Object.entries({ ...FILES, ...NAMED })) writeFileSync(at(name), content);
  chmodSync(at('id_rsa'), 0o600);
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('folder'));
  symlinkSync(at('loop-b'), at('loop-a'));
  symlinkSync(at('loop-a'), at('loop-b'));
  writeFileSync(at('100-mb.csv'), '');
  truncateSync(at('100-mb.csv'), 100e6);
  writeFileSync(at('bad-trace.csv'), `arrival_s,input_tokens,output_tokens\n0,${SECRET.length},-1\n`);
  writeFileSync(at('deep.json'), '['.repeat(50_000));
  writeFileSync(at('bom.yaml'), `\ufeff${text.replace('20000', '-1')}`);
}

interface Case {
  name: string;
  args: readonly string[];
  /** What is refused before any place in a file is known: the file itself, or what was typed. */
  placeless?: boolean;
}

/** Files that are no text of a scenario, or refused as a whole. */
const WHOLE = ['binary.yaml', 'utf16.yaml', 'large.yaml', 'lines.yaml'];

const CASES: Case[] = [
  ...Object.keys(FILES).map((name) => ({ name, args: ['run', name], placeless: WHOLE.includes(name) })),
  { name: 'bom.yaml', args: ['run', 'bom.yaml'] },
  ...[
    ['none', 'run', 'none.yaml'],
    ['a FIFO', 'run', 'fifo'],
    ['a folder', 'run', 'folder'],
    ['links in a circle', 'run', 'loop-a'],
    ['/dev/zero', 'run', '/dev/zero'],
    ['/dev/null', 'run', '/dev/null'],
    ['/dev/stdin', 'run', '/dev/stdin'],
    ['/proc/self/mem', 'run', '/proc/self/mem'],
    ['a long name', 'run', 'x'.repeat(3000)],
    ['no name', 'run', ''],
    ['a name with an escape code', 'run', '\u001b[2J\u202egpj.yaml'],
    ['100 MB', 'run', '100-mb.csv'],
    ['a trace of 100 MB', 'trace', '100-mb.csv'],
    ['a trace that is a FIFO', 'trace', 'fifo'],
    ['a trace that never ends', 'replay', 'sound.yaml', '--trace', '/dev/zero'],
    ['a trace that is private', 'trace', 'id_rsa'],
    ['a trace with a fault', 'trace', 'bad-trace.csv'],
    ['measurements that are private', 'accuracy', '--measured', 'id_rsa'],
    ['measurements from a FIFO', 'accuracy', '--measured', 'fifo'],
    ['measurements of brackets', 'calibrate', 'sound.yaml', '--measured', 'deep.json'],
    ['a private benchmark', 'calibrate', 'sound.yaml', '--measured', 'secret.json'],
    ['an axis of 10^11 points', 'sweep', 'sound.yaml', '--axis', 'serving.max_batch=1..100:99999999999'],
    [
      'axes of 10^9 points',
      'sweep',
      'sound.yaml',
      '--axis',
      'traffic.utilization=0..1:99999',
      '--axis',
      'serving.max_batch=1..99999:99999',
    ],
    ['an axis to the prototype', 'sweep', 'sound.yaml', '--axis', '__proto__.x=1'],
    ['a setting to the prototype', 'run', 'sound.yaml', '--set', 'traffic.constructor.prototype=1'],
    ['a setting of brackets', 'run', 'sound.yaml', '--set', `slo.ttft_p95=${'['.repeat(5000)}`],
    ['a setting that extends', 'run', 'sound.yaml', '--set', 'extends=id_rsa'],
    ['a list that is too long by far', 'run', 'sound.yaml', '--set', 'compare.1000000000=1'],
    ['a million iterations by a name', 'run', 'sound.yaml', '--with', 'x'.repeat(100_000)],
  ].map(([name = '', ...args]) => ({ name, args, placeless: true })),
];

interface Outcome {
  code: number | null;
  said: string;
  printed: string;
  wall: number;
  /** User and system time of all threads: what the machine beside it does not change. */
  cpu: number;
}

/** Writes the program's own processor time, in milliseconds, to the fourth stream when it ends. */
const METER = `data:text/javascript,import{writeSync}from"node:fs";process.on("exit",()=>{const{user,system}=process.cpuUsage();writeSync(3,String((user+system)/1000))})`;

function run(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, ['--import', METER, ENTRY, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: 20_000,
    });
    const streams = ['', '', ''];
    [child.stdout, child.stderr, child.stdio[3]].forEach((stream, i) => {
      (stream as NodeJS.ReadableStream).on('data', (chunk) => {
        streams[i] += String(chunk);
      });
    });
    child.on('close', (code) => {
      const [printed = '', said = '', meter = ''] = streams;
      resolve({ code, said, printed, wall: performance.now() - started, cpu: meter === '' ? Infinity : Number(meter) });
    });
  });
}

/** The promise, in milliseconds. Processor time is held to it as it is: no other process changes it. */
const LIMIT = 1000;

/** A waiting program uses no processor, so the clock is held to it too; where others queue for the cores, by their number. */
const wallLimit = () => LIMIT * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
const isQuick = ({ wall, cpu }: Outcome) => wall < LIMIT && cpu < LIMIT;

/** Run in two lanes; what took too long gets a second go by itself, since the machine may have been busy with others. */
async function runAll(): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const waiting = [...CASES];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      outcomes.set(next.name, await run(next.args));
    }
  };
  await Promise.all([lane(), lane()]);
  for (const { name, args } of CASES) {
    const first = outcomes.get(name) as Outcome;
    if (isQuick(first)) continue;
    const second = await run(args);
    outcomes.set(name, {
      ...second,
      wall: Math.min(first.wall, second.wall),
      cpu: Math.min(first.cpu, second.cpu),
    });
  }
  return outcomes;
}

describe('hostile input', () => {
  let outcomes = new Map<string, Outcome>();
  beforeAll(async () => {
    lay();
    outcomes = await runAll();
  }, 240_000);

  test('is told from sound input', { timeout: 20_000 }, async () => {
    const { code, said, printed } = await run(['run', 'sound.yaml']);
    expect({ code, said }).toEqual({ code: 0, said: '' });
    expect(printed).toContain('A small chat');
  });

  test.each(CASES)('$name', ({ name, placeless }) => {
    const { code, said, printed, wall, cpu } = outcomes.get(name) as Outcome;
    expect([2, 3], said.slice(0, 500)).toContain(code);
    expect(said).not.toBe('');
    expect(printed).toBe('');
    expect(said.length).toBeLessThan(130_000);
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/\n\s+at |\[object|undefined|NaN is|this is a bug/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    if (code === 2 && placeless !== true) expect(said).toMatch(/^\S+:\d+:\d+: \S/);
    if (code === 3) expect(said).toMatch(/^\S+\.yaml: \S/);
    expect(cpu, 'milliseconds of processor time').toBeLessThan(LIMIT);
    expect(wall, 'milliseconds').toBeLessThan(wallLimit());
  });

  test('a formula in a name is no formula in the file it goes to', { timeout: 20_000 }, async () => {
    const target = at('out.csv');
    const offer = { name: '=cmd()', input: '1 USD/Mtok', output: '1 USD/Mtok' };
    const { code } = await run(['run', 'sound.yaml', '--set', `compare=[${JSON.stringify(offer)}]`, '-o', target]);
    expect(code).toBe(0);
    expect(execFileSync('cat', [target], { encoding: 'utf8' })).not.toMatch(/(^|,)"?=/m);
  });
});
