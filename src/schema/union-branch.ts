import type * as z from 'zod';

type Issue = z.core.$ZodIssue;
type Branch = readonly Issue[];

/**
 * The branch of a union that the writer was aiming at, by the type of what they wrote: text goes to the branch for
 * ids, a block of keys to the branch for inline cards. Undefined when no branch, or no single faulty one, fits.
 */
export function chooseBranch(branches: readonly Branch[], value: unknown): Branch | undefined {
  const fitting = branches.filter((branch) => !branch.some((issue) => refusesType(issue, value)));
  if (typeof value === 'object' && value !== null) return fitting.toSorted((a, b) => faults(a) - faults(b))[0];
  const understood = fitting.find((branch) => branch.every(isRefusedValue));
  if (understood !== undefined) return understood;
  return fitting.some((branch) => branch[0]?.code === 'invalid_value') ? undefined : fitting[0];
}

/** The branch could read the text and refuses what it says: it was the one meant. */
function isRefusedValue(issue: Issue): boolean {
  return issue.code === 'custom' && !issue.message.startsWith('expected');
}

/** Unknown keys weigh most: a shape that does not know the keys given was not the one meant. */
function faults(branch: Branch): number {
  return branch.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 1), 0);
}

function refusesType(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_type') return true;
  if (issue.code === 'invalid_value') return issue.values.every((allowed) => typeof allowed !== typeof value);
  if (issue.code === 'invalid_union')
    return issue.errors.every((branch) => branch.some((one) => refusesType(one, value)));
  return false;
}

const TYPE_NAMES: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a block of keys',
  record: 'a block of keys',
  array: 'a list',
};

/** What would have been right, as a phrase to follow "expected". */
export function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`;
    case 'invalid_union': {
      const roots = issue.errors.flatMap((branch) => branch.filter((one) => one.path.length === 0).slice(0, 1));
      return [...new Set(roots.map(phrase))].join(' or ');
    }
    case 'too_small':
      return `at least ${issue.minimum}${issue.origin === 'array' ? ' in this list' : ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${issue.origin === 'array' ? ' in this list' : issue.origin === 'string' ? ' characters' : ''}`;
    default:
      return 'another value';
  }
}

function phrase(issue: Issue): string {
  const own = /^expected (.*)$/s.exec(issue.message)?.[1];
  return own ?? expectationOf(issue);
}
