import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatQuantity,
  formatSeconds,
  formatShare,
  formatTokens,
  formatUsd,
  formatUsdPerMtok,
  significant,
} from '../../src/units/format.ts';
import { parseQuantity } from '../../src/units/parse.ts';

describe('numbers for people', () => {
  test.each([
    [significant(0), '0'],
    [significant(1234.5), '1,235'],
    [significant(0.0012345), '0.00123'],
    [significant(1e-20), '1.00e-20'],
    [formatQuantity(3.35e12, 'B/s'), '3.35 TB/s'],
    [formatQuantity(85_899_345_920, 'B'), '85.9 GB'],
    [formatSeconds(0.0000021), '2.1 µs'],
    [formatSeconds(0.0162), '16.2 ms'],
    [formatSeconds(2), '2 s'],
    [formatSeconds(300), '5 min'],
    [formatSeconds(23_604), '6.56 h'],
    [formatShare(0.219), '22 %'],
    [formatShare(0.9995), '99.95 %'],
    [formatShare(0.99999939), '99.99994 %'],
    [formatShare(1), '100 %'],
    [formatTokens(26.46e9), '26.5 B'],
    [formatTokens(950), '950'],
    [formatUsd(31_261.05), '31,261'],
    [formatUsd(1.6667), '1.67'],
    [formatUsdPerMtok(0.8937), '0.89'],
    [formatUsdPerMtok(0.0541), '0.054'],
    [formatUsdPerMtok(479.777), '479.78'],
  ])('%s', (printed, expected) => expect(printed).toBe(expected));

  test('a formatted quantity reads back as what it was, to three digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 9e17, noNaN: true }), (bytes) => {
        const parsed = parseQuantity(formatQuantity(bytes, 'B').replaceAll(',', ''), 'B', '80 GB');
        expect(parsed.ok && Math.abs(parsed.value / bytes - 1)).toBeLessThan(0.006);
      }),
    );
  });
});
