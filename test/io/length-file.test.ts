import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openColumns } from '../../src/io/length-file.ts';
import { readScenario } from '../../src/io/scenario-file.ts';
import { folderWith, SCENARIO } from './folder.ts';

describe('columns of lengths', () => {
  const read = (text: string | Uint8Array, names: readonly string[] = ['in']) => {
    const folder = folderWith({ 'x.csv': text });
    const answer = openColumns()(join(folder, 'x.csv'), names);
    return answer.found ? answer.columns : answer.problem.replace(`${folder}/`, '');
  };

  test('in the order asked for, whatever else the file has', () => {
    expect(read('\ufeffid,out, in\na,5,10\nb,6,"20"\n\n', ['in', 'out'])).toEqual([
      [10, 20],
      [5, 6],
    ]);
  });

  test.each([
    ['another column', 'secret,out\n1,2\n', 'x.csv: the file has no column "in"'],
    ['a word', 'in\n5\nsecret\n', 'x.csv: row 2 of column "in" is not a number of tokens from 1 to 100000000'],
    ['nothing', 'in,out\n,5\n', 'x.csv: row 1 of column "in" is not a number of tokens from 1 to 100000000'],
    ['zero', 'in\n0\n', 'x.csv: row 1 of column "in" is not a number of tokens from 1 to 100000000'],
    ['no rows', 'in\n', 'x.csv: the file has no rows'],
    ['a row too short', 'in,secret\n5\n', 'x.csv: is not a CSV file of UTF-8 text'],
    ['an open quote', 'in\n"secret\n', 'x.csv: is not a CSV file of UTF-8 text'],
  ])('refused without a word of what stands in it: %s', (_, text, said) => {
    expect(read(text)).toBe(said);
    expect(JSON.stringify(read(text))).not.toContain('secret');
  });

  test('no text, no file, no device, no end', () => {
    expect(read(new Uint8Array([0xff, 0xfe, 0x00]))).toBe('x.csv: is not a CSV file of UTF-8 text');
    const problem = (file: string) => {
      const answer = openColumns()(file, ['in']);
      return answer.found ? undefined : answer.problem;
    };
    expect(problem('/nowhere.csv')).toBe('/nowhere.csv: there is no such file');
    expect(problem('/dev/zero')).toBe('/dev/zero: is not a regular file');
    expect(read(`in\n${'5\n'.repeat(1_000_001)}`)).toBe('x.csv: more than 1,000,000 rows');
  });

  test('a file is read once', () => {
    const file = join(folderWith({ 'x.csv': 'in\n5\n' }), 'x.csv');
    const columns = openColumns();
    expect(columns(file, ['in'])).toBe(columns(file, ['in']));
  });
});

test('a file is looked for beside the one that names it, be it a base or an override block', () => {
  const folder = folderWith({
    'base/b.yaml': SCENARIO.replace('input_tokens: 100', 'input_tokens: { file: in.csv, column: n }'),
    's.yaml':
      'extends: base/b.yaml\nname: Child\noverrides: { own: { traffic: { lengths: { file: l.csv, input: a, output: b } } } }\n',
  });
  const traffic = (chosen: string[]) => readScenario(join(folder, 's.yaml'), { with: chosen }).scenario.traffic;
  expect(traffic([]).input_tokens).toEqual({ file: join(folder, 'base', 'in.csv'), column: 'n' });
  expect(traffic(['own']).lengths?.file).toBe(join(folder, 'l.csv'));
  expect(traffic(['own']).input_tokens).toBeUndefined();
});
