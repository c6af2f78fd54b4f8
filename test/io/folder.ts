import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** A temporary folder with these files, gone when the test file is done. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rackrate-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The problems of whatever the action throws, one line each, with the folder's own name left out. */
export function complaints(folder: string, action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

/** The smallest scenario that says everything required. */
export const SCENARIO = `rackrate: 1
name: Smallest
model: small-model
serving:
  gpu: small-gpu
traffic:
  requests_per_day: 1000
  input_tokens: 100
  output_tokens: 10
capacity: { rent: { price: 2 USD/h } }
`;
