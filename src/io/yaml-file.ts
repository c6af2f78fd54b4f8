import { printable } from '../schema/printable.ts';
import { parseYamlText, rangeAt } from '../schema/yaml-text.ts';
import { LocatedError, type Place } from './located-error.ts';
import { readRegular, refusedFile } from './regular-file.ts';

type Path = readonly (string | number)[];

/** A YAML or JSON file as plain data, with the way back from a path in the data to a place in the text. */
export interface YamlFile {
  file: string;
  bytes: Buffer;
  value: unknown;
  /** The place of the path; where the file lacks it, of the nearest block around it. */
  locate(path: Path, at?: 'key' | 'value'): Place;
  /** The place of exactly this path, and whether a block of keys stands there. */
  find(path: Path, at?: 'key' | 'value'): { place: Place; isBlock: boolean } | undefined;
}

const LARGEST = 1024 * 1024;

/**
 * Reads a YAML or JSON file that may have been named by somebody else.
 *
 * Regular files only. A file that turns out not to be what was
 * asked for is refused without quoting any of it, since a message may end up where the file's readers do not look.
 *
 * @param file the name to show in messages, when it differs from the path
 * @param most bytes it may have
 */
export function readYamlFile(path: string, file: string = path, most: number = LARGEST): YamlFile {
  const name = printable(file);
  const bytes = readRegular(path, name, most);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refusedFile(name, 'the file is not UTF-8 text');
  }
  const parsed = parseYamlText(text);
  if (!parsed.ok) throw new LocatedError(parsed.faults.map((fault) => ({ file: name, path: [], ...fault })));
  const placeOf = (offset: number): Place => {
    const { line, col } = parsed.lines.linePos(offset);
    return { file: name, line: Math.max(1, line), col: Math.max(1, col) };
  };
  const find: YamlFile['find'] = (where, at = 'value') => {
    const range = rangeAt(parsed.document, where);
    return range === undefined ? undefined : { place: placeOf(range[at]), isBlock: range.isMap };
  };
  const locate: YamlFile['locate'] = (where, at = 'value') => {
    for (let length = where.length; length > 0; length--) {
      const found = find(where.slice(0, length), length === where.length ? at : 'key');
      if (found !== undefined) return found.place;
    }
    return find([])?.place ?? { file: name, line: 1, col: 1 };
  };
  return { file: name, bytes, value: parsed.value, locate, find };
}
