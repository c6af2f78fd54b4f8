import { closeSync } from 'node:fs';
import { printable, shown } from '../../schema/printable.ts';
import { LocatedError } from '../located-error.ts';
import { openRegular, readNext } from '../regular-file.ts';

/** Bytes read at once. */
const CHUNK = 256 * 1024;
/** Longer lines are no rows of a trace; without a limit, one line of a large file would fill the memory. */
const LONGEST_LINE = 1024 * 1024;

/**
 * The lines of a text file of any length, chunk by chunk, so that memory does not grow with the file. Blank lines are
 * passed over; `\r\n` ends a line as `\n` does; the last line needs no end.
 *
 * Bytes become characters one to one, which is fast and cannot fail: what the formats are made of is ASCII, and
 * anything else stands only in what they ignore, or in a token quoted by `quoted`, which puts it right.
 */
export class TextLines {
  /** The file's name, safe to print. */
  readonly name: string;
  readonly size: number;
  /** Bytes read so far. */
  bytesRead = 0;
  /** Number of the line last read, from 1. */
  line = 0;
  /** Whether the line last read was ended by the file, not by a line end. */
  isUnfinished = false;

  private readonly handle: number;
  private readonly buffer = Buffer.alloc(CHUNK);
  private text = '';
  private at = 0;
  private isOpen = true;

  constructor(path: string) {
    this.name = printable(path);
    ({ handle: this.handle, size: this.size } = openRegular(path, this.name));
  }

  /** The next line that is not blank; undefined at the end. */
  next(): string | undefined {
    for (;;) {
      const end = this.text.indexOf('\n', this.at);
      if (end < 0) {
        if (this.refill()) continue;
        return this.rest();
      }
      const line = this.text.slice(this.at, this.text.charCodeAt(end - 1) === 13 && end > this.at ? end - 1 : end);
      this.at = end + 1;
      this.line++;
      if (line !== '') return line;
    }
  }

  close(): void {
    if (this.isOpen) closeSync(this.handle);
    this.isOpen = false;
  }

  /** A fault of the line last read. */
  fault(message: string, col = 1): LocatedError {
    return new LocatedError([{ file: this.name, line: Math.max(1, this.line), col, path: [], message }]);
  }

  private refill(): boolean {
    if (!this.isOpen) return false;
    const read = readNext(this.handle, this.buffer, 0, this.name);
    if (read === 0) return false;
    this.bytesRead += read;
    const before = this.text.slice(this.at);
    if (before.length > LONGEST_LINE) {
      this.line++;
      throw this.fault('the line is longer than 1 MB; this is not a trace');
    }
    this.text = before + this.buffer.toString('latin1', 0, read);
    this.at = 0;
    return true;
  }

  private rest(): string | undefined {
    const line = this.text.slice(this.at).replace(/\r$/, '');
    this.text = '';
    this.at = 0;
    if (line === '') return undefined;
    this.line++;
    this.isUnfinished = true;
    return line;
  }
}

/** A token of a line as a message shows it. */
export function quoted(token: string): string {
  return shown(Buffer.from(token, 'latin1').toString('utf8'));
}
