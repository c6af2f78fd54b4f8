import type { AssertionRecord } from '../result/assertions.ts';
import { METRICS } from '../schema/metric-table.ts';
import { significant } from '../units/format.ts';
import type { Table } from './table.ts';

const DIGITS = { usual: 4, most: 10 };

/** As few digits as tell a value from its bounds: a bound just missed is not printed as met. */
function digitsFor(values: readonly number[]): number {
  let digits = DIGITS.usual;
  const shown = () => new Set(values.map((value) => value.toPrecision(digits))).size;
  while (digits < DIGITS.most && shown() < new Set(values).size) digits += 1;
  return digits;
}

const VERDICTS: Readonly<Record<string, string>> = { self: 'self-host', api: 'API', tie: 'tie', mixed: 'mixed' };

/** What came out and what was asked for, each with its unit. */
function foundAndAsked({ about, value, bounds }: AssertionRecord): [found: string, asked: string] {
  if ('winner' in bounds) {
    return [VERDICTS[`${value}`] ?? 'unknown', `${VERDICTS[bounds.winner]} cheaper`];
  }
  const { min, max } = bounds;
  const unit = METRICS.find(({ id }) => id === about)?.unit ?? '';
  const [factor, sign] = unit === 'share' ? [100, ' %'] : [1, unit === '' ? '' : ` ${unit}`];
  const numbers = [value, min, max].filter((one): one is number => typeof one === 'number');
  const digits = digitsFor(numbers);
  const shown = (number: number) => `${significant(number * factor, digits)}${sign}`;
  const asked = [
    ...(min === undefined ? [] : [`at least ${shown(min)}`]),
    ...(max === undefined ? [] : [`at most ${shown(max)}`]),
  ];
  return [typeof value === 'number' ? shown(value) : 'unknown', asked.join(' and ')];
}

/**
 * What the scenario promises, and whether it holds; undefined where it promises nothing.
 *
 * @param placeOf where the promise of an index is written, such as `chat.yaml:42`
 */
export function assertionTable(
  assertions: readonly AssertionRecord[],
  placeOf: (index: number) => string,
): Table | undefined {
  if (assertions.length === 0) return undefined;
  return {
    columns: ['Promised', '', 'found', 'asked', 'at'].map((label) => ({ label, align: 'left' })),
    rows: assertions.map((one, i) => [one.about, one.holds ? 'held' : 'broken', ...foundAndAsked(one), placeOf(i)]),
    inkOf: (row, column) => (column === 1 ? (assertions[row]?.holds === true ? 'good' : 'bad') : undefined),
  };
}
