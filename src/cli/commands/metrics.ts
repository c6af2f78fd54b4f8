import { markdownTable } from '../../report/table.ts';
import { METRICS } from '../../schema/metric-table.ts';
import { type GlobalOptions, result } from '../output.ts';

/** The glossary: every metric with its unit and definition, as a Markdown table that reads well on screen too. */
export async function listMetrics(options: GlobalOptions): Promise<void> {
  if (options.json === true) return result(options, JSON.stringify(METRICS, undefined, 2));
  const columns = ['metric', 'unit', 'definition'].map((label) => ({ label, align: 'left' as const }));
  const rows = METRICS.map((metric) => [`\`${metric.id}\``, metric.unit, metric.definition]);
  await result(options, markdownTable({ columns, rows }).join('\n'));
}
