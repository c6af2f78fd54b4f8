import { InfeasibleError, InputError } from '../schema/problem.ts';

/** What the exit code of `rackrate` means; scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** A bug, or a result that could not be written. */
  failed: 1,
  /** Bad usage, or input that is missing, unreadable or malformed. */
  badInput: 2,
  /** A valid question whose answer is that it cannot be done. */
  infeasible: 3,
  /** Parts of the result are missing. */
  incomplete: 4,
  /** A stated expectation did not hold. */
  assertionFailed: 99,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InputError) return EXIT.badInput;
  if (error instanceof InfeasibleError) return EXIT.infeasible;
  return EXIT.failed;
}
