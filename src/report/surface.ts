/** What a text is written in where that can be shown; names of meaning, so that a reader's terminal picks the shade. */
export type Ink = 'bold' | 'good' | 'bad' | 'faint';

/** What a text is printed on: how wide it is, and how it shows ink. */
export interface Surface {
  width: number;
  ink: (ink: Ink, text: string) => string;
}

/** A file or a pipe: plain, and as wide as a page of code. */
export const PAPER: Surface = { width: 120, ink: (_, text) => text };

/** Characters that a terminal without Unicode cannot show, each with one that stands in the same width. */
const PLAIN: Readonly<Record<string, string>> = {
  '█': '#',
  '▒': '=',
  '░': '.',
  '▏': '|',
  '▕': '|',
  '▁': '_',
  '▂': '.',
  '▃': ':',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '*',
  '·': '-',
  '×': 'x',
  '÷': '/',
  '−': '-',
  '–': '-',
  '—': '-',
  '±': '~',
  '≈': '~',
  '…': '~',
  '†': '+',
  µ: 'u',
};

/** The same text, width for width, for a terminal whose locale has no Unicode. What people named is left alone. */
export function inAscii(text: string): string {
  return text.replaceAll(/[^\p{ASCII}\p{L}]|µ/gu, (character) => PLAIN[character] ?? character);
}
