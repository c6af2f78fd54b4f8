import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WriteError, writeOutput } from '../../src/io/write-file.ts';
import { folderWith } from './folder.ts';

describe('writing a result', () => {
  test('replaces the whole file, keeps its mode, and leaves nothing beside it', async () => {
    const folder = folderWith({ 'a.csv': 'old and longer' });
    chmodSync(join(folder, 'a.csv'), 0o600);
    await writeOutput(join(folder, 'a.csv'), 'new');
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe('new');
    expect(statSync(join(folder, 'a.csv')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });
  test('writes through a link instead of replacing it', async () => {
    const folder = folderWith({ 'real.csv': 'old' });
    symlinkSync('real.csv', join(folder, 'link.csv'));
    await writeOutput(join(folder, 'link.csv'), 'new');
    expect(readFileSync(join(folder, 'real.csv'), 'utf8')).toBe('new');
  });
  test('a device is written to, not replaced', async () => {
    await writeOutput('/dev/null', 'gone');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
  test('says why it could not', async () => {
    const folder = folderWith({ 'a.csv': '' });
    await expect(writeOutput(join(folder, 'none', 'a.csv'), '')).rejects.toThrow(/there is no such folder/);
    await expect(writeOutput(folder, '')).rejects.toThrow(WriteError);
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });
});
