import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CARD_KINDS } from '../catalog/catalog.ts';
import { packageRoot } from './package-root.ts';

/** A name for what all cards of the shipped catalog say, which changes with any of them. */
export function catalogDigest(root = packageRoot()): string {
  const digest = createHash('sha256');
  for (const { folder } of Object.values(CARD_KINDS)) {
    const path = join(root, folder);
    if (!existsSync(path)) continue;
    for (const name of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!name.isFile()) continue;
      digest.update(`${folder}/${name.name}\n`).update(readFileSync(join(path, name.name)));
    }
  }
  return digest.digest('hex');
}
