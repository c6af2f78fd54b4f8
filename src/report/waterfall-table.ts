import type { Result } from '../result/record.ts';
import { formatUsdPerMtok } from '../units/format.ts';
import { waterfallBar } from './bars.ts';
import type { Table } from './table.ts';

/** Narrowest and widest bars of the waterfall, in characters; what the labels leave lies between. */
const BAR_CELLS = { least: 8, most: 32 };
/** What stands beside a label and its bar: spaces, the price and its error. */
const BESIDE_BAR = 24;

/** Each step's beginning, end and addition, and where the highest ends. Steps too small to be read are left out. */
function waterfallSteps(result: Result) {
  let to = 0;
  const steps = result.waterfall.map(({ label, usd_per_mtok: usd }) => {
    const from = to;
    to += usd;
    return { label, from, to, usd };
  });
  const highest = Math.max(result.metrics.usd_per_mtok_total ?? 0, ...steps.map((step) => step.to));
  return { highest, shown: steps.filter(({ usd }, i) => i === 0 || Math.abs(usd) > 1e-4 * highest) };
}

function stepPrice(usd: number, isFirst: boolean): string {
  const sign = isFirst ? '' : usd < 0 ? '−' : '+';
  return `${sign}${formatUsdPerMtok(Math.abs(usd))}`;
}

const errorMark = ({ price_error: error }: Result): string => (error > 0 ? `± ${Math.round(error * 100)} %` : '');

/** The waterfall with its bars; the last row is the sum with its error. */
export function waterfallTable(result: Result, width: number): Table {
  const total = result.metrics.usd_per_mtok_total ?? 0;
  const { highest, shown } = waterfallSteps(result);
  const longest = Math.max(...shown.map(({ label }) => label.length));
  const cells = Math.max(BAR_CELLS.least, Math.min(BAR_CELLS.most, width - longest - BESIDE_BAR));
  const rows = shown.map(({ label, from, to, usd }, i) => [
    label,
    waterfallBar(from, to, highest, cells),
    stepPrice(usd, i === 0),
    '',
  ]);
  rows.push(['loaded price', waterfallBar(0, total, highest, cells), formatUsdPerMtok(total), errorMark(result)]);
  return {
    columns: [
      { label: 'From the ideal to the real price of a million tokens', align: 'left' },
      { label: '', align: 'left' },
      { label: 'USD/Mtok', align: 'right' },
      { label: '', align: 'left' },
    ],
    rows,
    inkOf: (row, column) => {
      if (row === rows.length - 1) return 'bold';
      return column === 1 && (shown[row]?.usd ?? 0) < 0 ? 'good' : undefined;
    },
  };
}

/** The same in numbers, for a document: each step, and its share of the price. */
export function waterfallFigures(result: Result): Table {
  const total = result.metrics.usd_per_mtok_total ?? 0;
  const share = (usd: number) => (total > 0 ? `${Math.round((100 * usd) / total)} %` : '');
  return {
    columns: [
      { label: 'From the ideal to the real price', align: 'left' },
      { label: 'USD/Mtok', align: 'right' },
      { label: 'share', align: 'right' },
    ],
    rows: [
      ...waterfallSteps(result).shown.map(({ label, usd }, i) => [label, stepPrice(usd, i === 0), share(usd)]),
      ['**loaded price**', `**${formatUsdPerMtok(total)}** ${errorMark(result)}`.trimEnd(), share(total)],
    ],
  };
}
