import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './rackrate.ts';

test('README shows what the program prints', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'tools/readme.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
