import { quantileOfSorted } from '../../src/math/quantile.ts';

/** Errors in logarithms, by the name of a group. */
export class ErrorTable {
  private readonly groups = new Map<string, number[]>();

  add(group: string, error: number): void {
    const list = this.groups.get(group) ?? [];
    list.push(error);
    this.groups.set(group, list);
  }

  text(): string {
    const percent = (share: number) => (100 * share).toFixed(1).padStart(7);
    const lines = [...this.groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([group, errors]) => {
        const sizes = Float64Array.from(errors, (error) => Math.abs(Math.exp(error) - 1)).sort();
        const sorted = Float64Array.from(errors).sort();
        const [median, p80, p90] = [0.5, 0.8, 0.9].map((share) => percent(quantileOfSorted(sizes, share)));
        const bias = percent(Math.exp(quantileOfSorted(sorted, 0.5)) - 1);
        return `  ${group.padEnd(52)}${String(errors.length).padStart(6)}${median}${p80}${p90}${bias}`;
      });
    return [`  ${''.padEnd(52)}  rows median    p80    p90   bias`, ...lines, ''].join('\n');
  }
}
