import { EXCLUSIVE_KEYS } from '../schema/traffic.ts';

/**
 * What the axes put out of force: a scenario has one load and one way to give a length, so that an axis over another
 * takes its place. One sentence each, for whoever expected both to hold.
 *
 * @param raw the scenario as written
 */
export function replacedKeys(paths: readonly string[], raw: unknown): string[] {
  const traffic = (raw as { traffic?: Record<string, unknown> } | undefined)?.traffic ?? {};
  return paths.flatMap((path) => {
    const key = path.replace(/^traffic\./, '');
    const group: readonly string[] = EXCLUSIVE_KEYS.find((keys) => (keys as readonly string[]).includes(key)) ?? [];
    const replaced = group.filter((other) => other !== key && traffic[other] !== undefined);
    return path === key ? [] : replaced.map((other) => `${path} takes the place of the scenario's traffic.${other}`);
  });
}
