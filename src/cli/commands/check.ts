import { formatProblem, LocatedError, type LocatedProblem } from '../../io/located-error.ts';
import { openLookups } from '../../run/open-lookups.ts';
import type { Lookups } from '../../scenario/lookups.ts';
import { EXIT } from '../exit-codes.ts';
import { loadPlan } from '../load-plan.ts';
import { type GlobalOptions, result, say } from '../output.ts';

/** Reads every file to its end, named override blocks included, and reports all problems of all of them. */
export async function checkFiles(files: readonly string[], options: GlobalOptions): Promise<void> {
  const lookups = openLookups();
  const checked = files.map((file) => ({ file, problems: checkFile(file, options, lookups) }));
  if (checked.some(({ problems }) => problems.length > 0)) process.exitCode = EXIT.badInput;
  if (options.json === true) {
    await result(options, JSON.stringify({ schema: 'rackrate.check/v1', files: checked }, undefined, 2));
    return;
  }
  for (const { problems } of checked) for (const problem of problems) say(formatProblem(problem));
  const sound = checked.filter(({ problems }) => problems.length === 0);
  if (sound.length > 0) await result(options, sound.map(({ file }) => `${file}: ok`).join('\n'));
}

function checkFile(file: string, options: GlobalOptions, lookups: Lookups): LocatedProblem[] {
  const found = new Map<string, LocatedProblem>();
  const names = new Set<string>();
  const check = (chosen: readonly string[]): void => {
    try {
      const { loaded } = loadPlan(file, { set: options.set, with: chosen }, lookups);
      for (const name of loaded.overrides) names.add(name);
    } catch (error) {
      if (!(error instanceof LocatedError)) throw error;
      for (const problem of error.problems) found.set(formatProblem(problem), problem);
    }
  };
  check(options.with);
  for (const name of names) if (!options.with.includes(name)) check([...options.with, name]);
  return [...found.values()];
}
