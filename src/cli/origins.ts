import type { Origins } from '../analysis/explain/provenance.ts';
import type { LoadedPlan } from './load-plan.ts';

/** Whether a scenario as written has a value at a path. */
function isStated(raw: unknown, path: readonly (string | number)[]): boolean {
  let node = raw;
  for (const step of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, step)) return false;
    node = (node as Record<string | number, unknown>)[step];
  }
  return node !== undefined;
}

/** Where the numbers of a loaded scenario were written: `file:line`, or the `--set` that gave them. */
export function originsOf({ loaded, lookups }: Pick<LoadedPlan, 'loaded' | 'lookups'>): Origins {
  return {
    scenario: loaded.scenario,
    catalog: lookups.catalog,
    placeOf(path) {
      if (!isStated(loaded.raw, path)) return undefined;
      const { file, line } = loaded.locate(path);
      return line === undefined ? file : `${file}:${line}`;
    },
  };
}
