import { describe, expect, test } from 'vitest';
import { sparkline, waterfallBar } from '../../src/report/bars.ts';
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

describe('a table', () => {
  test('aligns in text, by characters and not by bytes', () => {
    expect(textTable(table)).toEqual(['  name    USD', '  a|b       1', '  µ     1,000']);
  });
  test('is Markdown too, with its bars kept apart', () => {
    expect(markdownTable(table)).toEqual(['| name | USD |', '| --- | ---: |', '| a\\|b | 1 |', '| µ | 1,000 |']);
  });
});

describe('bars', () => {
  test('stand behind what came before, and no step is too small to show', () => {
    expect(waterfallBar(0, 1, 1)).toBe('█'.repeat(32));
    expect(waterfallBar(0.5, 1, 1)).toBe('░'.repeat(16) + '█'.repeat(16));
    expect(waterfallBar(0.5, 0.5001, 1)).toBe(`${'░'.repeat(16)}▏`);
    expect(waterfallBar(1, 0.5, 1)).toBe('░'.repeat(16) + '▒'.repeat(16));
    expect(waterfallBar(0, 0, 0)).toBe('');
  });
  test('sparks are scaled to the largest', () => {
    expect(sparkline([0, 1, 7])).toBe('▁▂█');
    expect(sparkline([0, 0])).toBe('▁▁');
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
