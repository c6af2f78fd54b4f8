import { openCatalog } from '../../io/catalog-folder.ts';
import { formatProblem, LocatedError, type LocatedProblem } from '../../io/located-error.ts';
import { locateProblems, readScenario } from '../../io/scenario-file.ts';
import { referenceProblems } from '../../scenario/references.ts';
import { InputError } from '../../schema/problem.ts';
import { EXIT } from '../exit-codes.ts';
import { type GlobalOptions, result, say } from '../output.ts';

/** Reads every file to its end, named override blocks included, and reports all problems of all of them. */
export async function checkFiles(files: readonly string[], options: GlobalOptions): Promise<void> {
  const catalog = openCatalog();
  const checked = files.map((file) => ({ file, problems: checkFile(file, options, catalog) }));
  if (checked.some(({ problems }) => problems.length > 0)) process.exitCode = EXIT.badInput;
  if (options.json === true) {
    await result(options, JSON.stringify({ schema: 'rackrate.check/v1', files: checked }, undefined, 2));
    return;
  }
  for (const { problems } of checked) for (const problem of problems) say(formatProblem(problem));
  const sound = checked.filter(({ problems }) => problems.length === 0);
  if (sound.length > 0) await result(options, sound.map(({ file }) => `${file}: ok`).join('\n'));
}

function checkFile(file: string, options: GlobalOptions, catalog: ReturnType<typeof openCatalog>): LocatedProblem[] {
  const found = new Map<string, LocatedProblem>();
  const names = new Set<string>();
  const check = (chosen: readonly string[]): void => {
    try {
      const loaded = readScenario(file, { set: options.set, with: chosen });
      for (const name of loaded.overrides) names.add(name);
      const problems = referenceProblems(loaded.scenario, catalog);
      if (problems.length > 0) throw locateProblems(loaded, new InputError(problems));
    } catch (error) {
      if (!(error instanceof LocatedError)) throw error;
      for (const problem of error.problems) found.set(formatProblem(problem), problem);
    }
  };
  check(options.with);
  for (const name of names) if (!options.with.includes(name)) check([...options.with, name]);
  return [...found.values()];
}
