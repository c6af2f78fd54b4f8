import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cell, csvLine, toCsv } from '../../src/io/csv.ts';

test('quotes what RFC 4180 says must be quoted', () => {
  expect(csvLine(['a', 'b,c', 'd"e', 'f\ng', ' h', ''])).toBe('a,"b,c","d""e","f\ng"," h",');
});

test('keeps every digit, leaves unknowns empty, and a negative number a number', () => {
  expect(csvLine([0.1 + 0.2, -5, 1e21, 1e-7, -0, undefined, true])).toBe('0.30000000000000004,-5,1e+21,1e-7,0,,true');
});

test('takes the sting out of formulas, in headings too', () => {
  expect(csvLine(['=1+1', '+1', '-1', '@x', '\tx', '\rx', 'a=b'])).toBe(
    `'=1+1,'+1,'-1,'@x,"'\tx","'\rx",a=b`.replace(`"'\tx"`, `'\tx`),
  );
  expect(toCsv(['=a'], [{ '=a': 1 }])).toBe("'=a\n1\n");
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (value) => {
  expect(() => csvLine([value])).toThrow(RangeError);
});

test('a table has its columns in order, whatever the rows hold', () => {
  expect(toCsv(['b', 'a'], [{ a: 1, b: 2, c: 3 }, { a: 4 }])).toBe('b,a\n2,1\n,4\n');
});

test('whatever is written, another reader reads the same', () => {
  const cell: fc.Arbitrary<Cell> = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[=+@\-\t\r",\n a1]{0,6}$/),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(undefined),
  );
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }));
  fc.assert(
    fc.property(table, (rows) => {
      const read = parse(rows.map((row) => `${csvLine(row)}\n`).join(''), { record_delimiter: '\n' });
      expect(read).toEqual(rows.map((row) => row.map(seen)));
      rows.flat().forEach((value) => {
        if (typeof value === 'number') expect(Number(seen(value))).toBe(value + 0);
      });
    }),
  );
});

function seen(cell: Cell): string {
  if (cell === undefined) return '';
  return typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : String(cell);
}
