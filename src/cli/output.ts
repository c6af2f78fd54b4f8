import { InputError } from '../schema/problem.ts';

/** The options that every command understands. */
export interface GlobalOptions {
  set: readonly string[];
  with: readonly string[];
  json?: true;
  output?: string;
  quiet?: true;
  verbose?: true;
  color: boolean;
  seed?: number;
}

/** Everything but line ends and tabs that a terminal would obey. Colours are put in after this, by us. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A message for the person: standard error, so that a pipe carries results only. */
export function say(message: string): void {
  process.stderr.write(`${message.replace(OBEYED, '')}\n`);
}

/** A message that `-q` silences. */
export function note(options: Pick<GlobalOptions, 'quiet'>, message: string): void {
  if (options.quiet !== true) say(message);
}

/** A result, to the standard output or to the file of `-o`. Commands do not print results in another way. */
export async function result(
  options: Pick<GlobalOptions, 'output' | 'quiet'>,
  text: string | Iterable<string>,
): Promise<void> {
  const { writeOutput } = await import('../io/write-file.ts');
  const target = options.output ?? '-';
  await writeOutput(target, typeof text !== 'string' || text.endsWith('\n') ? text : `${text}\n`);
  if (target !== '-') note(options, `wrote ${target}`);
}

/** Whether rows are asked for as JSON: by `--json`, or by the ending of the file they go to. Anything else is CSV. */
export function wantsJsonRows(options: Pick<GlobalOptions, 'json' | 'output'>): boolean {
  const ending = /\.([a-z]+)$/i.exec(options.output ?? '')?.[1]?.toLowerCase();
  if (ending !== undefined && ending !== 'csv' && ending !== 'json') {
    throw new InputError([{ path: [], message: `rows are written as .csv or .json, not to ${options.output}` }]);
  }
  if (options.json === true && ending === 'csv') {
    throw new InputError([{ path: [], message: `--json and ${options.output} ask for two forms; keep one` }]);
  }
  return options.json === true || ending === 'json';
}
