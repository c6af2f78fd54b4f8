import type { BreakevenRow } from '../result/breakeven-table.ts';
import type { Cell } from '../result/columns.ts';
import { formatTokens, formatUsd, significant } from '../units/format.ts';
import { markdownTable } from './table.ts';
import { horizonName } from './verdict-sentence.ts';

export interface BreakevenMemo {
  name: string;
  /** The path of the axis. */
  over: string;
  rows: readonly BreakevenRow[];
  sentences: readonly string[];
  remarks: readonly string[];
}

const COLUMNS: Readonly<Record<string, string>> = {
  tokens_per_month: 'tokens/month',
  self_usd_per_month: 'self, USD/month',
  api_usd_per_month: 'API, USD/month',
  self_usd: 'self, USD',
  api_usd: 'API, USD',
  self_npv_usd: 'self, NPV in USD',
  api_npv_usd: 'API, NPV in USD',
  cheaper: 'cheaper',
};

function cell(key: string, value: Cell): string {
  if (value === undefined) return '–';
  if (typeof value !== 'number') return value;
  if (key === 'tokens_per_month') return formatTokens(value);
  return key in COLUMNS ? formatUsd(value) : significant(value, 6);
}

/** Points of both curves, one table for each horizon and offer. */
function curves({ over, rows }: BreakevenMemo): string[] {
  const groups = new Map<string, BreakevenRow[]>();
  for (const row of rows) {
    if (row['kind'] !== 'curve') continue;
    const horizon = row['horizon_months'] === undefined ? '' : `, over ${horizonName(Number(row['horizon_months']))}`;
    const title = `${row['comparison']}${horizon}`;
    groups.set(title, [...(groups.get(title) ?? []), row]);
  }
  return [...groups].flatMap(([title, points]) => {
    const keys = Object.keys(points[0] as BreakevenRow).filter((key) => key === over || key in COLUMNS);
    const columns = keys.map((key) => ({
      label: COLUMNS[key] ?? key,
      align: key === 'cheaper' ? ('left' as const) : ('right' as const),
    }));
    const table = { columns, rows: points.map((point) => keys.map((key) => cell(key, point[key]))) };
    return [`## ${title}`, '', ...markdownTable(table), ''];
  });
}

/** Break-even as a memo: the answers first, then the curves they are read from. */
export function breakevenMarkdown(memo: BreakevenMemo): string {
  const { name, over, sentences, remarks } = memo;
  return [
    `# ${name}: break-even over ${over}`,
    '',
    ...sentences.map((sentence) => `- ${sentence}`),
    '',
    ...remarks.flatMap((remark) => [remark, '']),
    ...curves(memo),
  ].join('\n');
}
