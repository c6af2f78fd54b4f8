import type { Comparison } from '../analysis/comparison.ts';
import { COMPARABLE_UNSERVED_SHARE } from '../analysis/verdict.ts';
import type { Result } from '../result/record.ts';
import { formatShare, formatUsd, formatUsdPerMtok } from '../units/format.ts';
import type { Table } from './table.ts';
import { horizonName, paidBackPhrase, volumeRange } from './verdict-sentence.ts';

/** What the table has a mark for. */
const GAPS = ', with gaps';

function comparisonRow(comparison: Comparison): string[] {
  const name = comparison.same_model ? comparison.name : `${comparison.name} *`;
  const winners = comparison.horizons.map((entry) =>
    entry.unserved_share <= COMPARABLE_UNSERVED_SHARE ? entry.winner : `${formatShare(entry.unserved_share)} unserved`,
  );
  const comparable = comparison.horizons.some((entry) => entry.unserved_share <= COMPARABLE_UNSERVED_SHARE);
  const paid = !comparable
    ? '—'
    : comparison.breakeven_month === null
      ? 'never'
      : paidBackPhrase(comparison.breakeven_month, comparison.paid_back_to_end);
  const volumes = volumeRange(comparison.breakeven_tokens_per_month).replace(GAPS, ' †');
  return [
    name,
    formatUsdPerMtok(comparison.usd_per_mtok_total),
    formatUsd(comparison.usd_per_month),
    ...winners,
    paid,
    volumes,
  ];
}

/** What the marks of the table mean, and how old its prices are. */
export function comparisonNote({ comparisons, subject, ledger }: Result): string {
  const hasSetUp = ledger.some((line) => line.month === 0 && line.group === 'one_off');
  const dates = [...new Set(comparisons.map(({ price_as_of: date }) => date.slice(0, 7)))].sort();
  const names = (date: string) =>
    comparisons.filter((entry) => entry.price_as_of.startsWith(date)).map(({ name }) => name);
  const priced =
    dates.length === 1
      ? `API prices of ${dates[0]}`
      : `API prices: ${dates.map((date) => `${date} ${names(date).join(', ')}`).join('; ')}`;
  const hasOthers = comparisons.some((entry) => !entry.same_model);
  const hasGaps = comparisons.some((entry) => volumeRange(entry.breakeven_tokens_per_month).endsWith(GAPS));
  const marks = [
    `self wins: at so many tokens a month${hasSetUp ? ', set-up aside' : ''}`,
    ...(hasGaps ? ['† with gaps, where one more replica is not yet full'] : []),
    ...(hasOthers ? ['* another model, of other quality'] : []),
  ];
  const moving = subject.price_paths.map(({ of, path }) => `${of} ${path}`);
  const paths = moving.length === 0 ? '' : ` Moving, from month 1 on: ${moving.join('; ')}.`;
  return `${priced}. ${marks.join('; ')}.${paths}`;
}

/** Own price on top, then every offer: price, bill, who wins each horizon, when and from which volume it pays. */
export function comparisonTable(result: Result): Table {
  const { metrics } = result;
  const horizons = result.comparisons[0]?.horizons ?? [];
  const own = metrics.usd_per_mtok_total;
  const ownRow = [
    'Self-host',
    own === undefined ? 'unbounded' : formatUsdPerMtok(own),
    formatUsd(metrics.cost_usd_per_month ?? 0),
    ...horizons.map(() => ''),
    '',
    '',
  ];
  const firstHorizon = 3;
  return {
    inkOf: (row, column) => {
      const horizon = column >= firstHorizon && column < firstHorizon + horizons.length;
      const winner = result.comparisons[row - 1]?.horizons[column - firstHorizon]?.winner;
      return horizon && winner === 'self' ? 'good' : undefined;
    },
    columns: [
      { label: 'Who is cheaper', align: 'left' },
      { label: 'USD/Mtok', align: 'right' },
      { label: 'USD/month', align: 'right' },
      ...horizons.map((entry) => ({ label: horizonName(entry.months), align: 'left' as const })),
      { label: 'paid back', align: 'left' },
      { label: 'self wins', align: 'left' },
    ],
    rows: [ownRow, ...result.comparisons.map(comparisonRow)],
  };
}
