import { closeSync } from 'node:fs';
import { printable } from '../schema/printable.ts';
import { openRegular, readNext } from './regular-file.ts';

/** As much of a file as tells what it is. */
const HEAD = 4096;

/** What files begin with whatever their name; bytes as characters, one to one. */
const SIGNATURES: readonly (readonly [start: string, likeness: string])[] = [
  ['\x89PNG', 'a picture (PNG)'],
  ['\xff\xd8\xff', 'a picture (JPEG)'],
  ['GIF8', 'a picture (GIF)'],
  ['%PDF', 'a PDF document'],
  ['PAR1', 'a Parquet table'],
  ['SQLite format 3', 'an SQLite database'],
  ['\x1f\x8b', 'a compressed file (gzip), to be unpacked first'],
  ['PK\x03\x04', 'a compressed file (zip, or a spreadsheet), to be unpacked first'],
  ['(\xb5/\xfd', 'a compressed file (zstd), to be unpacked first'],
  ['BZh', 'a compressed file (bzip2), to be unpacked first'],
  ['\xfd7zXZ', 'a compressed file (xz), to be unpacked first'],
  ['\xff\xfe', 'UTF-16 text, to be saved as UTF-8'],
  ['\xfe\xff', 'UTF-16 text, to be saved as UTF-8'],
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const NOT_TEXT = /[\x00-\x08\x0e-\x1f]/;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What a text looks like. Of what stands in it nothing is said: it may be a file that nobody meant to show. */
function textLikeness(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [first = ''] = lines;
  if (lines.some((line) => /^"?rackrate"?\s*:/.test(line.trim()))) return 'a scenario';
  if (/^\s*<(!doctype|html|\?xml|[a-z]+[ >])/i.test(first)) return 'a web page or XML';
  if (isJson(first) && /^\s*[{[]/.test(first)) return lines.length > 1 ? 'JSON, one value a line' : 'JSON';
  if (/^\s*[{[]/.test(first)) return 'JSON';
  const fields = first.split(',').length;
  if (fields > 1) return `CSV of ${fields} columns`;
  if (/^[\w.-]+\s*:(\s|$)/.test(lines.find((line) => !line.startsWith('#')) ?? '')) return 'YAML';
  return 'text of another kind';
}

/** What the beginning of a file looks like, as a phrase to follow "looks like". */
function likenessOf(text: string): string {
  const known = SIGNATURES.find(([start]) => text.startsWith(start));
  if (known !== undefined) return known[1];
  return NOT_TEXT.test(text) ? 'a file that is no text' : textLikeness(text);
}

/** The sentence for a file of another kind than was asked for: what it looks like, and what is known. */
export function ofAnotherKind(path: string, known: string): string {
  const name = printable(path);
  const { handle } = openRegular(path, name);
  try {
    const buffer = Buffer.alloc(HEAD);
    const read = readNext(handle, buffer, 0, name);
    const head = buffer.toString('latin1', 0, read).replace(/^\xef\xbb\xbf/, '');
    return `${head.trim() === '' ? 'the file is empty' : `this looks like ${likenessOf(head)}`}; expected ${known}`;
  } finally {
    closeSync(handle);
  }
}
