import type * as z from 'zod';
import { didYouMean, nearestName } from '../math/edit-distance.ts';
import { knownKeys, placeOfKey } from './known-keys.ts';
import { printable, shown } from './printable.ts';
import { InputError, type Problem } from './problem.ts';
import { chooseBranch, expectationOf } from './union-branch.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/**
 * Reads `input` by `schema`, or throws an InputError that holds every problem.
 *
 * zod's own messages are for programmers and know no near names, so they are replaced; messages that the schemas
 * state themselves stay.
 */
export function validate<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new InputError(problemsOf(schema, input, result.error.issues));
}

/** Nobody mends more at once; each is held against the whole schema, and a file may have a hundred thousand. */
const MOST_PROBLEMS = 100;

const faultsIn = (issue: Issue): number => (issue.code === 'unrecognized_keys' ? issue.keys.length : 1);

/** Issues that make at most so many problems. */
function firstOf(issues: readonly Issue[], most: number): Issue[] {
  let left = most;
  return issues.flatMap((issue) => {
    const room = left;
    left = Math.max(0, left - faultsIn(issue));
    if (room === 0) return [];
    return [issue.code === 'unrecognized_keys' ? { ...issue, keys: issue.keys.slice(0, room) } : issue];
  });
}

/** What is wrong with `input`, one problem a fault, in the words of the person who wrote it. */
export function problemsOf(schema: z.core.$ZodType, input: unknown, issues: readonly Issue[]): Problem[] {
  const told = firstOf(issues, MOST_PROBLEMS);
  const problems = told.flatMap((issue) => describe(schema, input, issue, []));
  const meant = problems.flatMap((problem) => (problem.meant === undefined ? [] : [problem.meant]));
  const said: Problem[] = problems
    .filter((problem) => !meant.some((key) => followsFrom(problem, key)))
    .map(({ path, message, at }) => ({ path, message: printable(message), ...(at === undefined ? {} : { at }) }));
  const untold = issues.reduce((sum, issue) => sum + faultsIn(issue), -MOST_PROBLEMS);
  return untold > 0 ? [...said, { path: [], message: `and ${untold} more faults, not listed` }] : said;
}

/** The key that a misspelt one was probably meant to be. */
interface MeantKey {
  block: string;
  key: string;
}

interface Draft extends Problem {
  meant?: MeantKey;
}

/** A misspelt key is one fault, not two: "missing" and "needs one of" yield to "did you mean". */
function followsFrom(problem: Draft, { block, key }: MeantKey): boolean {
  return problem.meant === undefined && problem.path.join('.') === block && problem.message.includes(key);
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string | number, unknown>)[key];
  }, input);
}

function describe(schema: z.core.$ZodType, input: unknown, issue: Issue, base: Path): Draft[] {
  const path: Path = [...base, ...(issue.path as (string | number)[])];
  const value = valueAt(input, path);
  if (value === undefined && path.length > 0 && issue.code !== 'custom') return [missing(path)];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(schema, path, key, value));
    case 'invalid_key':
      return [
        { path, at: 'key', message: `${issue.issues[0]?.message ?? 'not a valid key'}; got ${shown(path.at(-1))}` },
      ];
    case 'invalid_union': {
      const branch = isOwnMessage(issue) ? undefined : chooseBranch(issue.errors, value);
      if (branch !== undefined) return branch.flatMap((inner) => describe(schema, input, inner, path));
      return [{ path, message: sentence(issue, value) }];
    }
    default:
      return [{ path, message: sentence(issue, value) }];
  }
}

function missing(path: Path): Draft {
  return { path: path.slice(0, -1), at: 'key', message: `missing ${String(path.at(-1))}` };
}

function unknownKey(schema: z.core.$ZodType, path: Path, key: string, block: unknown): Draft {
  const here = knownKeys(schema, path);
  const free = here.filter((known) => !Object.hasOwn(block as object, known));
  const near = nearestName(key, free) ?? nearestName(key, here);
  if (near === key) {
    const others = Object.keys(block as object).filter((other) => other !== key);
    return {
      path: [...path, key],
      at: 'key',
      message: `${shown(key)} does not go with ${others.map(shown).join(', ')}`,
    };
  }
  const elsewhere = near === undefined ? placeOfKey(schema, key) : undefined;
  let message = `unknown key ${shown(key)}`;
  if (near !== undefined) message += `; did you mean "${near}"?`;
  else if (elsewhere === '') message += '; it belongs at the top level';
  else if (elsewhere !== undefined) message += `; it belongs under ${elsewhere}`;
  else if (here.length > 0 && here.length <= 12) message += `; known here: ${here.join(', ')}`;
  const meant = near === undefined ? {} : { meant: { block: path.join('.'), key: near } };
  return { path: [...path, key], at: 'key', message, ...meant };
}

/** Whether the schema stated this message itself. zod's own begin with one of four phrases. */
function isOwnMessage(issue: Issue): boolean {
  return issue.code === 'custom' || !/^(Invalid|Unrecognized|Too (small|big))/.test(issue.message);
}

function sentence(issue: Issue, value: unknown): string {
  const message = isOwnMessage(issue) ? issue.message : `expected ${expectationOf(issue)}`;
  const offered = issue.code === 'invalid_value' ? issue.values.map(String) : wordsOf(issue);
  const near = typeof value === 'string' ? didYouMean(value, offered) : '';
  const isNamed = message.includes(shown(value)) || (isOwnMessage(issue) && namesValue(message, value));
  const comma = message.startsWith('expected') && !message.includes(';') ? ',' : ';';
  const got = isNamed ? '' : `${comma} got ${shown(value)}`;
  return `${message}${got}${near || hint(issue, value)}`;
}

/**
 * Whether the sentence already says what was written; the last word of a text, its unit, is enough. One that begins
 * with "has" or "needs" is about the keys around the value.
 */
function namesValue(message: string, value: unknown): boolean {
  if (/^(has|needs) /.test(message)) return true;
  if (typeof value === 'object' && value !== null) return !message.startsWith('expected');
  const word = typeof value === 'string' ? value.trim().split(/\s+/).at(-1) : String(value);
  return word !== undefined && word !== '' && message.split(/["\s]+/).includes(word);
}

function wordsOf(issue: Issue): string[] {
  if (issue.code !== 'invalid_union') return [];
  return issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : wordsOf(inner))),
  );
}

/** What a person may not know about the number or the truth value they wrote. */
function hint(issue: Issue, value: unknown): string {
  if (typeof value !== 'string') return '';
  const text = value.trim();
  if (issue.code === 'invalid_type' && issue.expected === 'boolean') {
    if (/^(yes|on|y)$/i.test(text)) return `; YAML 1.2 reads ${text} as text, write true`;
    if (/^(no|off|n)$/i.test(text)) return `; YAML 1.2 reads ${text} as text, write false`;
  }
  const separated = /^[+-]?\d{1,3}(?:[_,]\d{3})+(?![\d_,])/.exec(text);
  if (separated !== null) {
    return `; ${separated[0]} is text in YAML 1.2, write ${separated[0].replaceAll(/[_,]/g, '')}`;
  }
  if (!wantsNumber({ ...issue, path: [] })) return '';
  const scaled = /^(\d+(?:\.\d+)?)([kMG])$/.exec(text);
  if (scaled !== null) return `; write ${Number(`${scaled[1]}e${{ k: 3, M: 6, G: 9 }[scaled[2] as 'k' | 'M' | 'G']}`)}`;
  return text !== '' && Number.isFinite(Number(text)) ? '; remove the quotes' : '';
}

function wantsNumber(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.some((branch) => branch.some(wantsNumber));
  return issue.code === 'invalid_type' && issue.expected === 'number' && issue.path.length === 0;
}
