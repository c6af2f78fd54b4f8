import { styleText } from 'node:util';
import { type Ink, inAscii, PAPER, type Surface } from '../report/surface.ts';
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
  process.stderr.write(`${inked(message.replace(OBEYED, ''))}\n`);
}

/** What a message begins with, where that is worth a colour: the rest stays plain, so that it can be read anywhere. */
const MARKED = /^warning:|\bassertion failed:|^rackrate:/;

function inked(message: string): string {
  if (process.argv.includes('--no-color')) return message;
  return message.replace(MARKED, (word) =>
    styleText(word === 'warning:' ? 'yellow' : 'red', word, { stream: process.stderr }),
  );
}

/** A message that `-q` silences. */
export function note(options: Pick<GlobalOptions, 'quiet'>, message: string): void {
  if (options.quiet !== true) say(message);
}

const STYLES: Readonly<Record<Ink, Parameters<typeof styleText>[0]>> = {
  bold: 'bold',
  good: 'green',
  bad: 'red',
  faint: 'dim',
};

/** Narrower than this no table can be read; wider than this no line is. */
const WIDTHS = { least: 60, most: 160 };

function isScreen({ output }: Pick<GlobalOptions, 'output'>): boolean {
  return output === undefined || output === '-';
}

/**
 * What a result is printed on. Ink needs a terminal, or FORCE_COLOR; `--no-color`, NO_COLOR and TERM=dumb take it away
 * (Node's own rule, in `styleText`). A file has none.
 */
export function surfaceOf(options: Pick<GlobalOptions, 'output' | 'color'>): Surface {
  if (!isScreen(options)) return PAPER;
  const { columns } = process.stdout;
  const width = columns === undefined ? PAPER.width : Math.min(WIDTHS.most, Math.max(WIDTHS.least, columns));
  if (!options.color) return { ...PAPER, width };
  return { width, ink: (ink, text) => styleText(STYLES[ink], text, { stream: process.stdout }) };
}

/** Whether a terminal shows ASCII only: its locale says another code than UTF-8. Unset, terminals show Unicode. */
export function isAsciiTerminal(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return isTerminal && (env['TERM'] === 'linux' || (locale !== '' && !/utf-?8/i.test(locale)));
}

/** A result, to the standard output or to the file of `-o`. Commands do not print results in another way. */
export async function result(
  options: Pick<GlobalOptions, 'output' | 'quiet'>,
  text: string | Iterable<string>,
): Promise<void> {
  const { writeOutput } = await import('../io/write-file.ts');
  const target = options.output ?? '-';
  const shown =
    isScreen(options) && typeof text === 'string' && isAsciiTerminal(process.stdout.isTTY === true, process.env)
      ? inAscii(text)
      : text;
  await writeOutput(target, typeof shown !== 'string' || shown.endsWith('\n') ? shown : `${shown}\n`);
  if (target !== '-') note(options, `wrote ${target}`);
}

/** Which of its forms a command is asked for: by `--json`, by the ending of `-o`, or text for the screen and for .txt. */
export function formOf<Form extends string>(
  { json, output }: Pick<GlobalOptions, 'json' | 'output'>,
  forms: readonly Form[],
): Form | 'json' | 'text' {
  const ending = output === undefined || output === '-' ? 'txt' : /\.([a-z]+)$/i.exec(output ?? '')?.[1]?.toLowerCase();
  const form = [...forms, 'json' as const].find((known) => known === ending);
  if (json === true && form !== undefined && form !== 'json') {
    throw new InputError([{ path: [], message: `--json and ${output} ask for two forms; keep one` }]);
  }
  if (json === true || form !== undefined) return form ?? 'json';
  if (ending === 'txt') return 'text';
  const endings = [...forms, 'json', 'txt'].map((known) => `.${known}`).join(', ');
  throw new InputError([{ path: [], message: `cannot tell the form of ${output}; end it in one of ${endings}` }]);
}
