import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readYamlFile } from '../../src/io/yaml-file.ts';
import { complaints, folderWith } from './folder.ts';

function read(text: string | Uint8Array) {
  const folder = folderWith({ 'a.yaml': text });
  let value: unknown;
  const said = complaints(folder, () => {
    value = readYamlFile(join(folder, 'a.yaml')).value;
  });
  return { value, said };
}

describe('what is read', () => {
  test('YAML 1.2: only true and false are truth values, dates are text', () => {
    expect(read('a: yes\nb: on\nc: 1_000\nd: 2026-12-01\ne: true\nf: 1e3\n').value).toEqual({
      a: 'yes',
      b: 'on',
      c: '1_000',
      d: '2026-12-01',
      e: true,
      f: 1000,
    });
  });
  test('JSON, indented by tabs, with surrogate pairs', () => {
    const value = { a: [1, { b: 'x: y' }], c: '😀', d: null };
    const text = JSON.stringify(value, undefined, '\t').replace('😀', '\\ud83d\\ude00');
    expect(read(text).value).toEqual(value);
  });
  test('a byte order mark and Windows line ends', () => {
    expect(read('\ufeffa: 1\r\nb: 2\r\n').value).toEqual({ a: 1, b: 2 });
  });
  test('a merge key is a key like any other', () => {
    expect(read('<<: { a: 1 }').value).toEqual({ '<<': { a: 1 } });
  });
  test('a few aliases', () => {
    expect(read('a: &x { b: 1 }\nc: *x').value).toEqual({ a: { b: 1 }, c: { b: 1 } });
  });
});

describe('what is refused', () => {
  test.each([
    ['a duplicate key', 'a: 1\nb: 2\na: 3', 'a.yaml:3:1: this key is given twice'],
    ['a duplicate key in JSON', '{"a": 1, "a": 2}', 'a.yaml:1:10: this key is given twice'],
    ['a tag', 'a: !!binary aGk=', 'a.yaml:1:4: tags ("!name") are not accepted'],
    ['another YAML version', '%YAML 1.1\n---\na: yes', 'a.yaml:1:1: directives ("%YAML") are not accepted'],
    ['two documents', 'a: 1\n---\nb: 2', 'a.yaml:2:1: expected one document; "---" begins a second one'],
    ['the prototype', 'a: { __proto__: { x: 1 } }', 'a.yaml:1:6: this key is reserved'],
    ['a key that is a list', '? [a, b]\n: 1', 'a.yaml:1:3: a key must be plain text'],
    ['a tab as indentation', 'a:\n\tb: 1', 'a.yaml:2:1: a tab cannot indent; use spaces'],
    ['an alias without anchor', 'a: *x', 'a.yaml:1:1: an alias cannot be resolved, or there are too many'],
    ['an alias that holds itself', 'a: &x [*x]', 'a.yaml:1:1: nested too deeply, or an alias holds itself'],
  ])('%s', (_, text, message) => expect(read(text).said[0]).toBe(message));

  test.each([
    ['brackets', '['.repeat(5000)],
    ['closed brackets', '['.repeat(5000) + ']'.repeat(5000)],
    ['braces', '{a: '.repeat(5000)],
    ['dashes', '- '.repeat(5000)],
    ['questions', '? '.repeat(5000)],
    ['indentation', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('5,000 nested %s, at once', (_, text) => {
    const start = performance.now();
    expect(read(text).said[0]).toMatch(/: nested too deeply$/);
    expect(performance.now() - start).toBeLessThan(500);
  });

  test('aliases that grow to billions', () => {
    const rows = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    expect(read(`a0: &a0 [x]\n${rows.join('\n')}`).said[0]).toMatch(/alias/);
  });
  test('many keys, in time that grows with their number only', () => {
    const start = performance.now();
    read(Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join('\n'));
    expect(performance.now() - start).toBeLessThan(5000);
  });
  test('text that is not UTF-8, and files that are too large', () => {
    expect(read(new Uint8Array([0x61, 0x3a, 0xff])).said).toEqual(['a.yaml: the file is not UTF-8 text']);
    expect(read('x'.repeat(1024 * 1024 + 1)).said).toEqual(['a.yaml: the file is larger than 1 MB']);
  });
  test('what is not a regular file, without waiting for it', () => {
    const folder = folderWith({ 'a.yaml': '' });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(complaints(folder, () => readYamlFile(join(folder, 'pipe')))).toEqual(['pipe: is not a regular file']);
    expect(complaints(folder, () => readYamlFile(folder))).toEqual([`${folder}: is a folder, not a file`]);
    expect(complaints(folder, () => readYamlFile('/dev/zero'))).toEqual(['/dev/zero: is not a regular file']);
    expect(complaints(folder, () => readYamlFile(join(folder, 'none')))).toEqual(['none: there is no such file']);
  });
  test('a name that would move the cursor', () => {
    expect(complaints('', () => readYamlFile('no\u001b[2Jne'))).toEqual(['no\\u{1b}[2Jne: there is no such file']);
  });
  test('and nothing of a file that is not valid is quoted', () => {
    for (const text of [
      'secret: "hunter2',
      '- hunter2\nx: hunter2',
      'a: *hunter2',
      'a: !hunter2 1',
      'hunter2: 1\nhunter2: 2',
    ]) {
      expect(read(text).said.join()).not.toContain('hunter2');
    }
  });
});

describe('places', () => {
  const folder = folderWith({ 'a.yaml': 'a:\n  b: [1, { c: 2 }]\n  e:\nd: &x { f: 1 }\ng: *x\n' });
  const file = readYamlFile(join(folder, 'a.yaml'));
  const place = (path: (string | number)[], at?: 'key' | 'value') => {
    const { line, col } = file.locate(path, at);
    return [line, col];
  };
  test('of keys and of values', () => {
    expect(place(['a', 'b'], 'key')).toEqual([2, 3]);
    expect(place(['a', 'b'])).toEqual([2, 6]);
    expect(place(['a', 'b', 1, 'c'])).toEqual([2, 15]);
  });
  test('through an alias', () => expect(place(['g', 'f'])).toEqual([4, 12]));
  test('of what is missing: the key of the nearest block around it', () => {
    expect(place(['a', 'b', 7])).toEqual([2, 3]);
    expect(place(['a', 'x', 'y'])).toEqual([1, 1]);
    expect(place(['none'])).toEqual([1, 1]);
  });
});
