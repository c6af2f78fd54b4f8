// Bundles the command line into dist/. Chunks are named by their content and written beside the old ones before the
// entry is renamed over, so a run that starts during a build finds a whole program.
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const ENTRY = 'rackrate.js';
/** Programs by the name of their file: the command line, and what its threads run. */
const PROGRAMS = { rackrate: 'src/cli/main.ts', 'sweep-worker': 'src/run/sweep-worker.ts' };

/** When a file, or the newest file of a folder, was last written. */
function writtenAt(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => writtenAt(join(path, name))));
}

// npx runs this again before every start from a checkout: when nothing has changed there is nothing to do.
const inputs = ['src', 'build.mjs', 'package.json', 'package-lock.json'].map((name) => writtenAt(join(root, name)));
const entry = join(dist, ENTRY);
const isCurrent = existsSync(entry) && statSync(entry).mtimeMs > Math.max(...inputs);

if (!isCurrent) await bundle();
else chmodSync(entry, 0o755);

async function bundle() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: PROGRAMS,
    outdir: dist,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    chunkNames: '[name]-[hash]',
    // CommonJS dependencies call require for Node's own modules, which an ES module does not have.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });

  mkdirSync(dist, { recursive: true });
  const isEntry = (file) => basename(file.path) === ENTRY;
  for (const file of [...outputFiles.filter((file) => !isEntry(file)), ...outputFiles.filter(isEntry)]) {
    const temporary = `${file.path}.${process.pid}.tmp`;
    writeFileSync(temporary, file.contents);
    chmodSync(temporary, isEntry(file) ? 0o755 : 0o644);
    renameSync(temporary, file.path);
  }
  const current = new Set(outputFiles.map((file) => basename(file.path)));
  for (const name of readdirSync(dist)) {
    if (!current.has(name) && /\.js$/.test(name)) rmSync(join(dist, name), { force: true });
  }
}
