// Bundles a TypeScript tool and runs it: node tools/run.mjs fit/fit.ts TABLE.csv
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [entry = ''] = process.argv.splice(2, 1);
const outfile = join(root, 'dist', `tool-${process.pid}.mjs`);
process.chdir(root);
await build({
  entryPoints: [join(root, 'tools', entry)],
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
try {
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
