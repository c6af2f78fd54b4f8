import { describe, expect, test } from 'vitest';
import { measuredFile, readMeasuredRuns } from './measured-csv.ts';
import { predictedTpot } from './measured-run.ts';

const file = measuredFile();
const title =
  file === undefined
    ? 'skipped: RACKRATE_MEASURED names no table of measured rows'
    : 'time between tokens of published runs';

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}

describe.skipIf(file === undefined)(title, () => {
  const runs = file === undefined ? [] : readMeasuredRuns(file);

  /** Bounds: what the fit reached, and a point of room for what the stages around it change. */
  test.each([
    { kind: 'dense', moe: false, least: 400, median: 0.068 },
    { kind: 'mixture of experts', moe: true, least: 400, median: 0.126 },
  ])('$kind: the median error stays where the fit left it', ({ kind, moe, least, median }) => {
    const errors = runs.filter((one) => one.moe === moe).map(({ run, tpot }) => predictedTpot(run) / tpot - 1);
    const sizes = errors.map(Math.abs);
    const percent = (share: number) => (100 * share).toFixed(1);
    const [half, most, bias] = [quantile(sizes, 0.5), quantile(sizes, 0.9), quantile(errors, 0.5)];
    process.stdout.write(
      `${kind}: ${sizes.length} rows, |error| median ${percent(half)} %, p90 ${percent(most)} %, bias ${percent(bias)} %\n`,
    );
    expect(sizes.length).toBeGreaterThan(least);
    expect(half).toBeLessThan(median);
  });
});
