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
  console.log(
    `${what.padEnd(58)}${value.toFixed(0).padStart(6)} ms${limit === undefined ? '' : `   limit ${limit} ms`}`,
  );

spawnSync(process.execPath, ['build.mjs'], { cwd: root, stdio: 'inherit' });
const scratch = mkdtempSync(join(tmpdir(), 'rackrate-bench-'));
const bundle = join(root, 'dist', `bench-${process.pid}.mjs`);
try {
  const scenario = 'scenarios/support-chat-70b.yaml';
  row('rackrate --help, CPU', cpuMilliseconds(['--help']), 300);
  const read = cpuMilliseconds(['check', scenario]);
  const run = cpuMilliseconds(['run', scenario, '-q', '-o', join(scratch, 'out.json')]);
  row('rackrate check, CPU: start-up and reading', read);
  row('rackrate run, CPU', run);
  await build({
    entryPoints: [join(root, 'bench/five-years.ts')],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  const { simulateMilliseconds } = await import(pathToFileURL(bundle).href);
  const { first, warm } = simulateMilliseconds(join(root, scenario));
  row('five years of a scenario beyond start-up, first in a process', first, 200);
  row('five years of a scenario, warm', warm);
} finally {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(bundle, { force: true });
}
