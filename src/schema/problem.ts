import { printable } from './printable.ts';

/** One thing wrong with what a person wrote: where in the document, and a sentence. */
export interface Problem {
  /** Keys and indexes from the document's root; empty for the document itself. */
  path: readonly (string | number)[];
  message: string;
  /** What was typed on the command line, such as `--gpu h2oo`, where that is at fault and no document. */
  option?: string;
  /** Whether the key or its value is at fault; decides the column shown. */
  at?: 'key' | 'value';
}

/** Input that cannot be understood: malformed, unknown or out of range. Exit 2. Carries every problem, not the first. */
export class InputError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ option, message }) => (option === undefined ? message : `${option}: ${message}`)).join('\n'));
    this.name = 'InputError';
    this.problems = problems;
  }
}

/** A fault of the command line. */
export function optionError(option: string, ...messages: string[]): InputError {
  return new InputError(messages.map((message) => ({ path: [], option: printable(option), message })));
}

/** A valid question whose answer is that it cannot be done: the model does not fit, no fleet meets the target. Exit 3. */
export class InfeasibleError extends Error {
  /** Short reason for tables: `no_fit` or `slo_missed`. */
  readonly status: 'no_fit' | 'slo_missed';
  constructor(status: 'no_fit' | 'slo_missed', message: string) {
    super(message);
    this.name = 'InfeasibleError';
    this.status = status;
  }
}
