/**
 * One bar of a waterfall from `from` to `to` on a scale that ends at `end`: what came before in light, the step in full.
 * `cells` wide in all. A step too small for a cell still shows as a thin mark, so that no step looks absent.
 */
export function waterfallBar(from: number, to: number, end: number, cells: number): string {
  if (!(end > 0)) return '';
  const cell = (value: number) => Math.round((Math.max(0, value) / end) * cells);
  const low = cell(Math.min(from, to));
  const high = cell(Math.max(from, to));
  if (from === to) return '';
  if (high === low) {
    const mark = Math.min(low, cells - 1);
    return '░'.repeat(mark) + (to > from ? '▏' : '▕');
  }
  return '░'.repeat(low) + (to > from ? '█' : '▒').repeat(high - low);
}

const SPARKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** One character a value, scaled to the largest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values);
  if (!(most > 0)) return SPARKS[0]?.repeat(values.length) ?? '';
  return values.map((value) => SPARKS[Math.min(7, Math.round((value / most) * 7))]).join('');
}
