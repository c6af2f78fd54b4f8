import { basename } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { toCsv } from '../../io/csv.ts';
import { formatProblem } from '../../io/located-error.ts';
import { type LoadedScenario, locateProblems } from '../../io/scenario-file.ts';
import { runMarkdown, runText } from '../../report/run-text.ts';
import { resultRow } from '../../result/columns.ts';
import type { Result } from '../../result/record.ts';
import { simulate } from '../../result/simulate.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { EXIT } from '../exit-codes.ts';
import { type LoadedPlan, loadPlan } from '../load-plan.ts';
import { type GlobalOptions, note, result, say, surfaceOf } from '../output.ts';

type Form = 'text' | 'json' | 'csv' | 'md';

function formOf(options: GlobalOptions): Form {
  const ending = /\.([a-z]+)$/i.exec(options.output ?? '')?.[1]?.toLowerCase();
  const asked = options.json === true ? 'json' : undefined;
  if (options.output === undefined || options.output === '-') return asked ?? 'text';
  if (ending === 'txt') return asked ?? 'text';
  if (asked !== undefined && ending !== 'json') {
    throw new InputError([{ path: [], message: `--json and ${options.output} ask for two forms; keep one` }]);
  }
  if (ending === 'json' || ending === 'csv' || ending === 'md') return ending;
  throw new InputError([
    { path: [], message: `cannot tell the form of ${options.output}; end it in .csv, .json, .md or .txt` },
  ]);
}

function asCsv(found: Result): string {
  const row = resultRow(found);
  return toCsv(
    row.map(([header]) => header),
    [Object.fromEntries(row)],
  );
}

/** The same simulation; what is wrong or cannot be done is said of the file it was asked in. */
function simulateNamed(file: string, { loaded, plan }: LoadedPlan, seed: number): Result {
  try {
    return simulate(plan, seed);
  } catch (error) {
    if (error instanceof InputError) throw locateProblems(loaded, error);
    if (!(error instanceof InfeasibleError)) throw error;
    throw new InfeasibleError(error.status, `${file}: ${error.message}`);
  }
}

/** A broken promise is no fault of the run: its result is printed all the same, and the exit code tells a script. */
function reportAssertions({ locate }: LoadedScenario, { assertions }: Result): void {
  assertions.forEach(({ holds, sentence }, index) => {
    if (holds) return;
    const path = ['assert', index];
    say(formatProblem({ ...locate(path), path, message: `assertion failed: ${sentence}` }));
    process.exitCode = EXIT.assertionFailed;
  });
}

/** Where a promise is written, in short: the file's own name and the line. */
function placeOf({ locate }: LoadedScenario): (index: number) => string {
  return (index) => {
    const { file, line } = locate(['assert', index]);
    return `${basename(file)}${line === undefined ? '' : `:${line}`}`;
  };
}

/** Answers a scenario: on screen, as JSON, or into a file. */
export async function runScenario(file: string, options: GlobalOptions): Promise<void> {
  const form = formOf(options);
  const answered = loadPlan(file, options);
  const { loaded } = answered;
  const found = simulateNamed(file, answered, options.seed ?? 0);
  for (const warning of found.warnings) note(options, `warning: ${warning}`);
  reportAssertions(loaded, found);
  switch (form) {
    case 'json': {
      const { schema, ...rest } = found;
      const scenario = { path: loaded.path, sha256: loaded.sha256 };
      const record = { schema, version: manifest.version, scenario, ...rest };
      return result(options, JSON.stringify(record, undefined, 2));
    }
    case 'csv':
      return result(options, asCsv(found));
    case 'md':
      return result(options, runMarkdown(found, placeOf(loaded)));
    case 'text':
      return result(
        options,
        runText(found, {
          verbose: options.verbose === true,
          surface: surfaceOf(options),
          file,
          placeOf: placeOf(loaded),
        }),
      );
  }
}
