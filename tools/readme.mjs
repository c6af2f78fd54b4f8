// Fills the marked parts of README.md with what the program prints. With --check it only says whether they are current.
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readme = join(root, 'README.md');

function rackrate(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/rackrate.js'), ...args], {
    encoding: 'utf8',
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const fillers = [
  [
    /(<!-- run: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, open, file, close) => `${open}\n\`\`\`\n${rackrate('run', file)}\`\`\`\n\n${close}`,
  ],
  [
    /(<!-- explain: (.+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, open, asked, close) => `${open}\n\`\`\`\n${rackrate('explain', ...asked.split(' '))}\`\`\`\n\n${close}`,
  ],
  [
    /(<!-- metrics -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, open, close) => `${open}\n${rackrate('catalog', 'metrics')}\n${close}`,
  ],
];

const before = readFileSync(readme, 'utf8');
const after = fillers.reduce((text, [pattern, fill]) => text.replace(pattern, fill), before);
if (process.argv.includes('--check')) {
  if (after !== before) {
    process.stderr.write('README.md does not show what the program prints: npm run readme\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(`${readme}.tmp`, after);
  renameSync(`${readme}.tmp`, readme);
}
