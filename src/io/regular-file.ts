import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LocatedError } from './located-error.ts';

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'the file may not be read',
  EPERM: 'the file may not be read',
  EISDIR: 'is a folder, not a file',
  ELOOP: 'the links lead in a circle',
  ENXIO: 'is not a regular file',
  ENAMETOOLONG: 'the name is too long',
};

/** An open file and its length when it was opened. */
export interface OpenFile {
  handle: number;
  size: number;
}

/** A fault of a file as a whole. */
export function refusedFile(name: string, message: string): LocatedError {
  return new LocatedError([{ file: name === '' ? '""' : name, path: [], message }]);
}

/** What the system says of a file, in words. */
export function refusedBySystem(error: unknown, name: string): LocatedError {
  if (error instanceof LocatedError) return error;
  return refusedFile(name, REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'the file cannot be read');
}

/**
 * Opens a file that may have been named by somebody else. Regular files only: a pipe or a device could block for ever
 * or never end. Opened without blocking and checked once open, so that nothing can be swapped in between.
 *
 * @param name the name to show in messages, safe to print
 */
export function openRegular(path: string, name: string): OpenFile {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = fstatSync(handle);
    if (status.isDirectory()) throw refusedFile(name, 'is a folder, not a file');
    if (!status.isFile()) throw refusedFile(name, 'is not a regular file');
    return { handle, size: status.size };
  } catch (error) {
    if (handle !== undefined) closeSync(handle);
    throw refusedBySystem(error, name);
  }
}

/** The next bytes of an open file into the buffer, from `at`; how many, 0 at the end. */
export function readNext(handle: number, buffer: Buffer, at: number, name: string): number {
  try {
    return readSync(handle, buffer, at, buffer.length - at, null);
  } catch (error) {
    throw refusedBySystem(error, name);
  }
}

const sizeName = (bytes: number) =>
  bytes < 1024 * 1024 ? `${Math.floor(bytes / 1024)} kB` : `${bytes / (1024 * 1024)} MB`;

/** The bytes of a file of at most so many bytes, a whole number of MiB or less than one. */
export function readRegular(path: string, name: string, most: number): Buffer {
  const { handle, size } = openRegular(path, name);
  try {
    let buffer = Buffer.alloc(Math.min(most, Math.max(size, 65_536)) + 1);
    let length = 0;
    for (;;) {
      const read = readNext(handle, buffer, length, name);
      if (read === 0) return buffer.subarray(0, length);
      length += read;
      if (length > most) throw refusedFile(name, `the file is larger than ${sizeName(most)}`);
      if (length === buffer.length) buffer = Buffer.concat([buffer], Math.min(2 * length, most + 1));
    }
  } finally {
    closeSync(handle);
  }
}
