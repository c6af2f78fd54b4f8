import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/analysis/accuracy/measured-row.ts';
import { metricNamed } from '../../src/analysis/accuracy/metric.ts';
import { publishedRows } from '../../src/analysis/accuracy/published-rows.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { memoryCatalog } from '../catalog/memory-catalog.ts';

const source = { ref: 'a table', as_of: '2025-10-01', basis: 'measured' };
const card = {
  id: 'lab',
  name: 'A laboratory',
  by: 'Somebody',
  published: '2025-10',
  engine: 'vllm 0.11',
  scenario: 'fixed-concurrency',
  metric: 'output_tok_s',
  notes: 'ShareGPT',
  sources: { default: source },
};

describe('rows of a publication', () => {
  const runs = [
    { model: 'A-7B', gpu: 'H100', num_gpus: 2, tp: 2, rows: [{ isl: 100, osl: 50, concurrency: 8, value: 900 }] },
    {
      engine: 'sglang 0.5',
      scenario: 'single-stream',
      notes: 'static batch',
      model: 'B-7B',
      weights: 'fp8',
      gpu: 'L4',
      num_gpus: 1,
      rows: [{ metric: 'tpot_ms_mean', value: 12.5 }, { value: 80 }],
    },
  ];
  const rows = publishedRows(memoryCatalog({ measurement: { lab: { ...card, runs } } }));

  test('are one a figure, counted from one', () => {
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  test('have what the card shares, and no cell for what nobody states', () => {
    expect(rows[0]?.cells).toEqual({
      source_id: 'lab',
      source: 'A laboratory',
      source_date: '2025-10',
      engine: 'vllm 0.11',
      scenario: 'fixed-concurrency',
      metric: 'output_tok_s',
      notes: 'ShareGPT',
      model: 'A-7B',
      gpu: 'H100',
      num_gpus: '2',
      tp: '2',
      isl: '100',
      osl: '50',
      concurrency_or_batch: '8',
      value: '900',
    });
  });

  test('take what a run sets before what the card sets, and what a figure sets before both', () => {
    const cells = rows.slice(1).map((row) => row.cells);
    expect(cells.map(({ engine, scenario, notes }) => [engine, scenario, notes])).toEqual([
      ['sglang 0.5', 'single-stream', 'static batch'],
      ['sglang 0.5', 'single-stream', 'static batch'],
    ]);
    expect(cells.map(({ metric }) => metric)).toEqual(['tpot_ms_mean', 'output_tok_s']);
  });

  test('a card with a misspelt field is refused', () => {
    const bad = { ...card, runs: [{ ...runs[0], gpus: 4 }] };
    expect(() => publishedRows(memoryCatalog({ measurement: { lab: bad } }))).toThrow(/gpus/);
  });
});

describe('the published figures that ship', () => {
  const rows = publishedRows(openCatalog());
  const cell = (row: (typeof rows)[number], name: Parameters<typeof textOf>[1]) => textOf(row, name);

  test('are of metrics that can be predicted, and none stands twice', () => {
    expect(rows.filter((row) => metricNamed(cell(row, 'metric')) === undefined)).toEqual([]);
    const whole = rows.map(({ cells }) => JSON.stringify(cells));
    expect(whole.filter((text, at) => whole.indexOf(text) !== at)).toEqual([]);
  });

  test('come from many laboratories, engines, GPUs and models', () => {
    const kinds = (column: Parameters<typeof textOf>[1]) => new Set(rows.map((row) => cell(row, column))).size;
    expect(rows.length).toBeGreaterThan(1000);
    expect(kinds('source_id')).toBeGreaterThanOrEqual(30);
    expect(kinds('gpu')).toBeGreaterThanOrEqual(18);
    expect(kinds('model')).toBeGreaterThanOrEqual(30);
  });

  /** Little's law: sequences in flight are output tokens a second times the time between the tokens of one. */
  test('agree with each other: throughput times time between tokens is the number in flight', () => {
    const runOf = (row: (typeof rows)[number]) => JSON.stringify({ ...row.cells, metric: undefined, value: undefined });
    const values = (metric: string) =>
      new Map(rows.filter((row) => cell(row, 'metric') === metric).map((row) => [runOf(row), row]));
    const rates = values('output_tok_s');
    const pairs = ['itl_ms_p50', 'tpot_ms_mean'].flatMap((metric) =>
      [...values(metric)].flatMap(([run, row]) => {
        const rate = rates.get(run);
        const users = Number(cell(row, 'concurrency_or_batch'));
        if (rate === undefined || users === 0) return [];
        return [(Number(cell(rate, 'value')) * Number(cell(row, 'value'))) / 1000 / users];
      }),
    );
    expect(pairs.length).toBeGreaterThan(50);
    // A median gap leaves out the gaps that prompts stretch, and a request spends time before its first token.
    expect(Math.min(...pairs)).toBeGreaterThan(0.55);
    expect(Math.max(...pairs)).toBeLessThan(1.05);
  });
});
