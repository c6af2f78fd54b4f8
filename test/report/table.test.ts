import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sparkline, waterfallBar } from '../../src/report/bars.ts';
import { inAscii, PAPER } from '../../src/report/surface.ts';
import { markdownTable, textTable } from '../../src/report/table.ts';
import { volumePhrase, volumeRange } from '../../src/report/verdict-sentence.ts';

const table = {
  columns: [
    { label: 'name', align: 'left' as const },
    { label: 'USD', align: 'right' as const },
  ],
  rows: [
    ['a|b', '1'],
    ['µ', '1,000'],
  ],
};

const wide = (count: number, last: string) => ({
  columns: Array.from({ length: count }, (_, i) => ({ label: `c${i}`, align: 'left' as const })),
  rows: [Array.from({ length: count }, (_, i) => (i === count - 1 ? last : `cell ${i}`))],
});

describe('a table', () => {
  test('aligns in text, by characters and not by bytes', () => {
    expect(textTable(table)).toEqual(['  name    USD', '  a|b       1', '  µ     1,000']);
  });
  test('is Markdown too, padded, with what it would obey kept apart', () => {
    expect(markdownTable(table)).toEqual([
      '| name |   USD |',
      '| ---- | ----: |',
      '| a\\|b |     1 |',
      '| µ    | 1,000 |',
    ]);
  });
  test('a label runs over the columns behind it that have none', () => {
    const columns = ['a long label', '', 'USD'].map((label) => ({ label, align: 'left' as const }));
    expect(textTable({ columns, rows: [['x', '######', '1']] }, '')).toEqual(['a long label  USD', 'x     ######  1']);
  });
  test('too wide, it breaks the prose of its last column', () => {
    const lines = textTable(wide(3, 'one two three four five six seven eight nine'), '', { ...PAPER, width: 44 });
    expect(lines).toEqual([
      'c0      c1      c2',
      'cell 0  cell 1  one two three four five six',
      '                seven eight nine',
    ]);
  });
  test('too wide without prose, it is folded behind its first column', () => {
    const lines = textTable(wide(5, 'cell 4'), '', { ...PAPER, width: 24 });
    expect(lines).toEqual([
      'c0      c1      c2',
      'cell 0  cell 1  cell 2',
      '',
      'c0      c3      c4',
      'cell 0  cell 3  cell 4',
    ]);
  });
  test('keeps to its width, and loses no cell, whatever is in it', () => {
    const cell = fc.stringMatching(/^[a-zµ█]{1,9}$/);
    const tables = fc
      .record({ columns: fc.integer({ min: 2, max: 9 }), rows: fc.integer({ min: 1, max: 5 }) })
      .chain((size) =>
        fc.record({
          labels: fc.array(cell, { minLength: size.columns, maxLength: size.columns }),
          sides: fc.array(fc.constantFrom('left' as const, 'right' as const), {
            minLength: size.columns,
            maxLength: size.columns,
          }),
          rows: fc.array(fc.array(cell, { minLength: size.columns, maxLength: size.columns }), {
            minLength: size.rows,
            maxLength: size.rows,
          }),
        }),
      );
    fc.assert(
      fc.property(tables, fc.integer({ min: 24, max: 120 }), ({ labels, sides, rows }, width) => {
        const columns = labels.map((label, i) => ({ label, align: sides[i] ?? 'left' }));
        const lines = textTable({ columns, rows }, '  ', { ...PAPER, width });
        expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
        const words = new Set(lines.flatMap((line) => line.trim().split(/ +/)));
        for (const text of [...labels, ...rows.flat()]) expect(words).toContain(text);
        expect(new Set(markdownTable({ columns, rows }).map((line) => [...line].length)).size).toBe(1);
      }),
    );
  });
  test('ink lies on cells of its own, and moves nothing', () => {
    const inked = {
      ...table,
      inkOf: (row: number, column: number) => (row + column === 0 ? ('bad' as const) : undefined),
    };
    const surface = { width: 80, ink: (ink: string, text: string) => `<${ink}>${text}</>` };
    const lines = textTable(inked, '', surface);
    expect(lines[1]).toBe('<bad>a|b </>      1');
    expect(lines.map((line) => line.replaceAll(/<[^>]*>/g, ''))).toEqual(textTable(table, ''));
  });
});

describe('bars', () => {
  const bar = (from: number, to: number, end: number) => waterfallBar(from, to, end, 32);
  test('stand behind what came before, and no step is too small to show', () => {
    expect(bar(0, 1, 1)).toBe('█'.repeat(32));
    expect(bar(0.5, 1, 1)).toBe('░'.repeat(16) + '█'.repeat(16));
    expect(bar(0.5, 0.5001, 1)).toBe(`${'░'.repeat(16)}▏`);
    expect(bar(1, 0.5, 1)).toBe('░'.repeat(16) + '▒'.repeat(16));
    expect(bar(0, 0, 0)).toBe('');
  });
  test('never leave their area, at any scale', () => {
    const price = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        price,
        price,
        fc.constantFrom(1e-4, 1, 1e4),
        fc.integer({ min: 8, max: 32 }),
        (a, b, scale, cells) => {
          const text = waterfallBar(a * scale, b * scale, scale, cells);
          expect([...text].length).toBeLessThanOrEqual(cells);
          expect(text.length > 0).toBe(a * scale !== b * scale);
        },
      ),
    );
  });
  test('sparks are scaled to the largest', () => {
    expect(sparkline([0, 1, 7])).toBe('▁▂█');
    expect(sparkline([0, 0])).toBe('▁▁');
  });
  test('have a form in ASCII, width for width, and names are left alone', () => {
    const text = `${bar(0.5, 1, 1)}${bar(1, 0.5, 1)} ▁▂▃▄▅▆▇█ ± − · Zoë`;
    expect([...inAscii(text)].length).toBe([...text].length);
    expect(inAscii(text)).toMatch(/^[ -~]+ Zoë$/);
  });
});

describe('volumes', () => {
  test.each([
    [[], 'at no volume', 'at no volume'],
    [[[26.46e9, null]], 'above 26.5 B', 'above 26.5 B tokens/month'],
    [[[1e9, 2e9]], '1 B to 2 B', 'from 1 B to 2 B tokens/month'],
    [
      [
        [1e9, 2e9],
        [3e9, null],
      ],
      'above 1 B, with gaps',
      'above 1 B tokens/month, with gaps',
    ],
  ] as [[number, number | null][], string, string][])('%j', (intervals, range, phrase) => {
    expect(volumeRange(intervals)).toBe(range);
    expect(volumePhrase(intervals)).toBe(phrase);
  });
});
