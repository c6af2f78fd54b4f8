// Prints what the program costs to start and to run. CPU time, not wall time, so that a busy machine says the same.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'dist/rackrate.js');
const preload = join(root, 'bench/cpu-at-exit.cjs');
const RUNS = 7;

function cpuMilliseconds(args) {
  const times = Array.from({ length: RUNS }, () => {
    const { stderr, status } = spawnSync(process.execPath, ['--require', preload, cli, ...args], {
      encoding: 'utf8',
      cwd: root,
    });
    if (status !== 0) throw new Error(`rackrate ${args.join(' ')} ended with ${status}: ${stderr}`);
    return Number(/cpu ([\d.]+)\s*$/.exec(stderr)[1]);
  });
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)];
}

const row = (what, value, limit) =>
  figure(what, `${value.toFixed(0)} ms`, limit === undefined ? '' : `limit ${limit} ms`);

const figure = (what, value, limit = '') =>
  console.log(`${what.padEnd(64)}${value.padStart(12)}${limit === '' ? '' : `   ${limit}`}`);

async function bundle(name) {
  const outfile = join(root, 'dist', `bench-${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, `bench/${name}.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** In a process of its own, so that its memory is its own. */
function replicaSpeed(program, share, requests) {
  const scenario = join(root, 'bench/one-replica.yaml');
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, scenario, String(share), String(requests)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Ten service curves, each read at a thousand prices. */
function sweepSeconds(scratch, workers) {
  const axes = ['serving.max_batch=16,24,32,48,64,96,128,160,192,256', 'capacity.rent.price=1..5:1000'];
  const args = ['sweep', 'scenarios/chat-8b.yaml', ...axes.flatMap((axis) => ['--axis', axis])];
  const started = performance.now();
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--require', preload, cli, ...args, '--workers', String(workers), '-q', '-o', join(scratch, 'sweep.csv')],
    { encoding: 'utf8', cwd: root },
  );
  if (status !== 0) throw new Error(stderr);
  const wall = (performance.now() - started) / 1000;
  return { wall, cpu: Number(/cpu ([\d.]+)\s*$/.exec(stderr)[1]) / 1000 };
}

const millions = (value) => `${(value / 1e6).toFixed(2)} M`;

spawnSync(process.execPath, ['build.mjs'], { cwd: root, stdio: 'inherit' });
const scratch = mkdtempSync(join(tmpdir(), 'rackrate-bench-'));
const bundles = [];
try {
  const scenario = 'scenarios/support-chat-70b.yaml';
  row('rackrate --help, CPU', cpuMilliseconds(['--help']), 300);
  const read = cpuMilliseconds(['check', scenario]);
  const run = cpuMilliseconds(['run', scenario, '-q', '-o', join(scratch, 'out.json')]);
  row('rackrate check, CPU: start-up and reading', read);
  row('rackrate run, CPU', run);
  const fiveYears = await bundle('five-years');
  bundles.push(fiveYears);
  const { simulateMilliseconds } = await import(pathToFileURL(fiveYears).href);
  const closed = simulateMilliseconds(join(root, scenario), 'closed-form');
  row('five years, service curve in closed form, first in a process', closed.first, 200);
  row('five years, service curve in closed form, warm', closed.warm);
  const simulated = simulateMilliseconds(join(root, scenario), 'simulated');
  row('five years, service curve simulated anew', simulated.anew);
  row('five years, service curve simulated before', simulated.warm);

  const sweep = sweepSeconds(scratch, 2);
  figure(
    '10,000 sweep points on 10 service curves, two threads, wall time',
    `${sweep.wall.toFixed(1)} s`,
    'limit 20 s',
  );
  figure('  CPU time', `${sweep.cpu.toFixed(1)} s`);

  const replica = await bundle('one-replica');
  bundles.push(replica);
  for (const share of [0.3, 0.7, 0.95]) {
    const speed = replicaSpeed(replica, share, 2_000_000);
    const limit = share === 0.7 ? 'at least 1.00 M' : '';
    figure(
      `one replica at ${100 * share} % of saturation, requests a wall second`,
      millions(speed.requestsPerWallSecond),
      limit,
    );
    figure('  engine iterations a wall second', millions(speed.iterationsPerWallSecond));
  }
  const year = replicaSpeed(replica, 0.7, 30_000_000);
  figure('30 million requests, wall time', `${year.wallSeconds.toFixed(1)} s`, 'limit 60 s');
  figure('30 million requests, peak memory', `${year.peakMegabytes.toFixed(0)} MB`, 'limit 300 MB');
} finally {
  rmSync(scratch, { recursive: true, force: true });
  for (const file of bundles) rmSync(file, { force: true });
}
