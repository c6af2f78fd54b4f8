import { chmodSync, closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A result that could not be written. Exit 1: nothing was wrong with the question. */
export class WriteError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WriteError';
  }
}

/**
 * Writes the whole text or nothing: to a temporary name beside the target, then renamed over it, so that no reader and
 * no interrupted run ever leaves half a file. `-` is the standard output. Pipes and devices are written straight to. A
 * text that is too long to hold comes in parts.
 */
export async function writeOutput(target: string, text: string | Iterable<string>): Promise<void> {
  const parts = typeof text === 'string' ? [text] : text;
  if (target === '-') {
    for (const part of parts) if (!(await writeStdout(part))) return;
    return;
  }
  try {
    writeWhole(target, parts);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new WriteError(`cannot write ${target}: ${REASONS[code ?? ''] ?? message}`);
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'not allowed',
  EPERM: 'not allowed',
  EROFS: 'the disk is read-only',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
};

function writeParts(target: string, flag: 'w' | 'wx', parts: Iterable<string>): void {
  const handle = openSync(target, flag);
  try {
    for (const part of parts) writeFileSync(handle, part);
  } finally {
    closeSync(handle);
  }
}

function writeWhole(target: string, parts: Iterable<string>): void {
  const before = statSync(target, { throwIfNoEntry: false });
  if (before?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' });
  if (before !== undefined && !before.isFile()) {
    writeParts(target, 'w', parts);
    return;
  }
  const place = before === undefined ? target : realpathSync(target);
  const temporary = join(dirname(place), `.${basename(place)}.${process.pid}.tmp`);
  try {
    writeParts(temporary, 'wx', parts);
    if (before !== undefined) chmodSync(temporary, before.mode);
    renameSync(temporary, place);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Ends when the reader has taken the text; false where it has gone (`| head`), which is no fault. */
function writeStdout(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') resolve(false);
      else reject(new WriteError(`cannot write: ${error.message}`));
    });
  });
}
