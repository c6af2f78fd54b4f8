import { InputError, type Problem } from '../schema/problem.ts';

/** Where something was written. Line and column are absent where there are none, as in a command line. */
export interface Place {
  file: string;
  line?: number;
  col?: number;
}

export interface LocatedProblem extends Problem, Place {}

/** An InputError whose problems know the place where the person wrote them. */
export class LocatedError extends InputError {
  override readonly problems: readonly LocatedProblem[];
  constructor(problems: readonly LocatedProblem[]) {
    super(problems);
    this.name = 'LocatedError';
    this.problems = problems;
    this.message = problems.map(formatProblem).join('\n');
  }
}

/** `file:line:col: message`, the form that editors and terminals make a link of. */
export function formatProblem({ file, line, col, message }: LocatedProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${col ?? 1}`;
  return `${place}: ${message}`;
}

/** Finds the place of a path in whatever was read. */
export type Locate = (path: Problem['path'], at?: 'key' | 'value') => Place;

/**
 * The same problems with their places, in the order of the text.
 *
 * The dotted path goes before the sentence, in the form that `--set` takes, unless the sentence is about a key and so
 * names it already. What was typed on the command line is its own place.
 */
export function locateAll(error: InputError, locate: Locate): LocatedError {
  if (error instanceof LocatedError) return error;
  const located = error.problems.map((problem) => {
    if (problem.option !== undefined) return { ...problem, file: problem.option };
    const place = locate(problem.path, problem.at);
    const isAboutKey = problem.at === 'key' && !problem.message.startsWith('missing');
    const about = (isAboutKey ? problem.path.slice(0, -1) : problem.path).join('.');
    const prefix = about === '' || place.file === `--set ${about}` ? '' : `${about}: `;
    return { ...problem, ...place, message: `${prefix}${problem.message}` };
  });
  return new LocatedError(inTextOrder(located));
}

/** By file as first named, then by line and column. */
export function inTextOrder(problems: readonly LocatedProblem[]): LocatedProblem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  return problems.toSorted(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.col ?? 0) - (b.col ?? 0),
  );
}
