import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorSummary, groupRows } from '../../src/analysis/accuracy/error-groups.ts';
import { rowPredictor, sortOut } from '../../src/analysis/accuracy/predict-rows.ts';
import { publishedRows } from '../../src/analysis/accuracy/published-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';

const BOUNDS_FILE = join(import.meta.dirname, 'published-bounds.json');
/** Half a point of an error, which is a fraction. */
const TOLERANCE = 0.005;
/** Of a group smaller than this a percentile says nothing. */
const LEAST = 5;

interface Bound {
  n: number;
  median: number;
  p90: number;
  bias: number;
}

const rounded = (share: number) => Math.round(share * 1e4) / 1e4;

const catalog = openCatalog();
const { rows, skipped } = sortOut(publishedRows(catalog).map(rowPredictor(catalog, replayFigures)));
const groups = groupRows(rows, ({ run, isMoe, metric }) => `${run.engine} ${isMoe ? 'moe' : 'dense'} ${metric.kind}`);
const reached: Record<string, Bound> = {};
for (const [group, members] of groups) {
  if (members.length < LEAST) continue;
  const { n, median_ape, p90_ape, bias } = errorSummary(members);
  reached[group] = { n, median: rounded(median_ape), p90: rounded(p90_ape), bias: rounded(bias) };
}
process.stdout.write(`published facts: ${rows.length} predicted, ${skipped.length} skipped\n`);
for (const [group, { n, median, p90, bias }] of Object.entries(reached)) {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  process.stdout.write(`${group}: n ${n}, median ${percent(median)}, p90 ${percent(p90)}, bias ${percent(bias)}\n`);
}
if (process.env['RACKRATE_WRITE_BOUNDS'] === '1') {
  writeFileSync(BOUNDS_FILE, `${JSON.stringify(reached, undefined, 2)}\n`);
}
const bounds = JSON.parse(readFileSync(BOUNDS_FILE, 'utf8')) as Record<string, Bound>;

test('at least 200 published facts are predicted, every other one left out with a reason', () => {
  expect(rows.length).toBeGreaterThanOrEqual(200);
  expect(skipped.filter(({ why }) => why.length < 10)).toEqual([]);
});

test('the groups are those with a recorded bound', () => {
  expect(Object.keys(reached).sort()).toEqual(Object.keys(bounds).sort());
});

test.each(Object.entries(bounds))('%s: no worse than recorded', (group, bound) => {
  const { n, median, p90 } = reached[group] as Bound;
  expect(n).toBeGreaterThanOrEqual(bound.n);
  expect(median).toBeLessThanOrEqual(bound.median + TOLERANCE);
  expect(p90).toBeLessThanOrEqual(bound.p90 + TOLERANCE);
});
