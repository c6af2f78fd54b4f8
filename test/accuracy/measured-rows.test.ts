import { describe, expect, test } from 'vitest';
import { closedFormFigures } from '../../src/analysis/accuracy/closed-form-run.ts';
import { errorSummary } from '../../src/analysis/accuracy/error-groups.ts';
import { type MeasuredRow, textOf } from '../../src/analysis/accuracy/measured-row.ts';
import {
  type Predictions,
  type RunPredictor,
  rowPredictor,
  sortOut,
} from '../../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { readMeasured } from '../../src/io/measured-file.ts';
import { measuredFile, titleOf } from './measured-table.ts';

const file = measuredFile();

/** gpt-oss on H100 at 512 in flight, whose figures beat what the memory can deliver. */
function isImpossible(row: MeasuredRow): boolean {
  const cells = ['model', 'gpu', 'concurrency_or_batch'] as const;
  return cells.map((column) => textOf(row, column)).join(' ') === 'gpt-oss-120b H100-SXM 512';
}

function predict(predictor: RunPredictor): Predictions {
  const predictRow = rowPredictor(openCatalog(), predictor);
  return sortOut((file === undefined ? [] : readMeasured(file)).map(predictRow));
}

/** Bounds: what the fit reached, and a point of room for what the stages around it change. */
const BOUNDS = [
  { kind: 'dense', moe: false, least: 400, median: 0.068 },
  { kind: 'mixture of experts', moe: true, least: 400, median: 0.126 },
] as const;

describe.skipIf(file === undefined)(titleOf(file, 'published runs by the closed form'), () => {
  const { rows, skipped } = predict(closedFormFigures);

  test('nearly every row is predicted, and the others have a reason', () => {
    expect(rows.length / (rows.length + skipped.length)).toBeGreaterThan(0.97);
    expect(skipped.filter(({ why }) => why.length < 10)).toEqual([]);
  });

  test.each(BOUNDS)('$kind: the median error of a time between tokens stays where the fit left it', (bound) => {
    const used = rows.filter(
      ({ row, isMoe, metric }) =>
        isMoe === bound.moe && metric.kind === 'decode' && textOf(row, 'request_rate') === 'inf' && !isImpossible(row),
    );
    const { n, median_ape, p90_ape, bias } = errorSummary(used);
    const percent = (share: number) => (100 * share).toFixed(1);
    process.stdout.write(
      `${bound.kind}: ${n} rows, |error| median ${percent(median_ape)} %, p90 ${percent(p90_ape)} %, bias ${percent(bias)} %\n`,
    );
    expect(n).toBeGreaterThan(bound.least);
    expect(median_ape).toBeLessThan(bound.median);
  });
});

describe.skipIf(file === undefined)(titleOf(file, 'published runs, request by request'), () => {
  const { rows } = predict(replayFigures);
  const medianOf = (kind: string, metric = /./) =>
    errorSummary(rows.filter(({ row, metric: { kind: is } }) => is === kind && metric.test(textOf(row, 'metric'))))
      .median_ape;

  test.each([
    ['decode', 0.085],
    ['ttft', 0.22],
    ['throughput', 0.085],
    ['batch_latency', 0.07],
  ])('the median error of %s stays below %d', (kind, most) => {
    expect(medianOf(kind)).toBeLessThan(most);
  });

  test('and that of a median time to first token below 30 %', () => {
    expect(medianOf('ttft', /_p50$/)).toBeLessThan(0.3);
  });
});
