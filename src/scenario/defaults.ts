import type { DefaultUsed } from './plan.ts';

/** Collects the defaults that a scenario leaves to us, so that every result can list them. */
export interface Defaults {
  /** Records `path = value` unless the scenario itself states the path, and gives the value back. */
  use<T extends number | string | boolean>(path: string, value: T, source: string, unit?: string): T;
  /** Whether the scenario states a path. */
  given(path: string): boolean;
  list(): readonly DefaultUsed[];
}

function has(raw: unknown, keys: readonly string[]): boolean {
  let node = raw;
  for (const key of keys) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return false;
    node = (node as Record<string, unknown>)[key];
  }
  return node !== undefined;
}

/** @param raw the scenario as written, before the schema filled anything in */
export function collectDefaults(raw: unknown): Defaults {
  const used: DefaultUsed[] = [];
  const given = (path: string) => has(raw, path.split('.'));
  return {
    given,
    list: () => used,
    use(path, value, source, unit) {
      if (!given(path)) used.push({ path, value, ...(unit === undefined ? {} : { unit }), source });
      return value;
    },
  };
}
