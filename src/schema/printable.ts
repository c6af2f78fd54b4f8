/**
 * Characters that a terminal obeys instead of showing: control codes, line separators, and the marks that reverse the
 * reading direction and so can make a message say something else than its bytes.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/gu;

/** The text with every character that a terminal would obey written out, so that it is safe to print. */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}

/** A value as a message shows it: text in quotes, cut at 60 characters; lists and blocks by name only. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a block of keys';
  if (typeof value !== 'string') return String(value);
  return `"${printable(value.length > 60 ? `${value.slice(0, 59)}…` : value)}"`;
}
