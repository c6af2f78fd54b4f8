import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorEvidence, type RowError } from '../../src/analysis/accuracy/error-evidence.ts';
import type { MeasuredRun } from '../../src/analysis/accuracy/measured-run.ts';
import { type ErrorSubject, errorBand } from '../../src/analysis/error-band.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import type { ErrorCell, ErrorTable } from '../../src/schema/error-table.ts';

const GPUS = [
  { gpu: 'h100-sxm5-80gb', architecture: 'Hopper' },
  { gpu: 'h200-sxm-141gb', architecture: 'Hopper' },
  { gpu: 'b200-sxm-180gb', architecture: 'Blackwell' },
];
const ENGINES = ['vllm', 'sglang'];
const MODELS = ['llama-3.3-70b', 'qwen3-32b', 'gpt-oss-120b'];

const cellWith = (cell: Partial<ErrorCell>): ErrorCell => ({
  gpu: 'h200-sxm-141gb',
  architecture: 'Hopper',
  model_kind: 'dense',
  engine: 'vllm',
  family: 'speed',
  models: ['llama-3.3-70b'],
  n: 228,
  median: 0.05,
  p80: 0.11,
  bias: 0,
  ...cell,
});

const tableOf = (cells: ErrorCell[], cost = 0.1): ErrorTable => ({
  id: 'shared-2026',
  name: 'a table',
  noise_floor: 0.07,
  left_out: Object.fromEntries(
    ['speed', 'decode', 'ttft'].map((family) => [family, { gpu: cost, model: cost, engine: cost }]),
  ) as ErrorTable['left_out'],
  cells,
  sources: {},
});

const MEASURED: ErrorSubject = {
  gpu: 'h200-sxm-141gb',
  architecture: 'Hopper',
  model: 'llama-3.3-70b',
  modelKind: 'dense',
  engine: 'vllm',
};

describe('the error to expect', () => {
  test('on a measured combination is its own, widened for its few rows', () => {
    const { width, rows, unmeasured } = errorBand(tableOf([cellWith({})]), MEASURED, 'speed');
    // 11 % and one standard error of it: 0.889/√228 = 5.9 % of itself.
    expect(width).toBeCloseTo(0.1165, 3);
    expect({ rows, unmeasured }).toEqual({ rows: 228, unmeasured: [] });
  });

  test('is never below what measurements differ by', () => {
    expect(errorBand(tableOf([cellWith({ p80: 0.01 })]), MEASURED, 'speed').width).toBe(0.07);
  });

  test('of another GPU takes its architecture’s, and what a GPU costs in quadrature', () => {
    const cells = [cellWith({}), cellWith({ gpu: 'b200-sxm-180gb', architecture: 'Blackwell', p80: 0.3 })];
    const hopper = errorBand(tableOf(cells), { ...MEASURED, gpu: 'h800' }, 'speed');
    expect(hopper.width).toBeCloseTo(Math.hypot(0.1165, 0.1), 3);
    expect(hopper.unmeasured).toEqual(['GPU']);
    const other = errorBand(tableOf(cells), { ...MEASURED, gpu: 'mi300x', architecture: 'CDNA 3' }, 'speed');
    expect(other.width).toBeCloseTo(Math.hypot(0.3 * (1 + 0.889 / Math.sqrt(228)), 0.1), 3);
    expect(other.rows).toBe(456);
  });

  test('of what is described inline has every doubt there is', () => {
    const inline = { modelKind: 'dense', engine: 'vllm' } as const;
    expect(errorBand(tableOf([cellWith({})]), inline, 'speed')).toMatchObject({ unmeasured: ['GPU', 'model'] });
    expect(errorBand(tableOf([]), inline, 'speed').width).toBeGreaterThanOrEqual(0.07);
  });
});

const cells = fc.uniqueArray(
  fc.record({
    place: fc.constantFrom(...GPUS),
    engine: fc.constantFrom(...ENGINES),
    model_kind: fc.constantFrom('dense' as const, 'moe' as const),
    n: fc.integer({ min: 1, max: 400 }),
    p80: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
    models: fc.subarray(MODELS, { minLength: 1 }),
  }),
  { minLength: 1, maxLength: 10, selector: ({ place, engine, model_kind }) => `${place.gpu} ${engine} ${model_kind}` },
);
const table = fc.tuple(cells, fc.double({ min: 0, max: 0.5, noNaN: true })).map(([some, cost]) =>
  tableOf(
    some.map(({ place, ...cell }) => cellWith({ ...place, ...cell })),
    cost,
  ),
);
const subject: fc.Arbitrary<ErrorSubject> = fc
  .tuple(
    fc.constantFrom(...GPUS),
    fc.constantFrom(...ENGINES),
    fc.constantFrom(...MODELS),
    fc.constantFrom('dense' as const, 'moe' as const),
  )
  .map(([place, engine, model, modelKind]) => ({ ...place, engine, model, modelKind }));

describe('less evidence is never narrower', () => {
  const widthOf = (of: ErrorTable, about: ErrorSubject) => errorBand(of, about, 'speed').width;

  test.each<[string, (about: ErrorSubject) => ErrorSubject]>([
    ['GPU', (about) => ({ ...about, gpu: 'unheard-of' })],
    ['GPU and its architecture', (about) => ({ ...about, gpu: 'unheard-of', architecture: undefined })],
    ['model', (about) => ({ ...about, model: undefined })],
    ['engine', (about) => ({ ...about, engine: 'unheard-of' })],
  ])('an unmeasured %s', (_, without) => {
    fc.assert(
      fc.property(table, subject, (of, about) => {
        expect(widthOf(of, without(about))).toBeGreaterThanOrEqual(widthOf(of, about) - 1e-12);
      }),
      { numRuns: 500 },
    );
  });

  test('fewer rows of everything, found to be as wrong', () => {
    fc.assert(
      fc.property(table, subject, fc.integer({ min: 2, max: 20 }), (of, about, times) => {
        const fewer = { ...of, cells: of.cells.map((cell) => ({ ...cell, n: Math.ceil(cell.n / times) })) };
        expect(widthOf(fewer, about)).toBeGreaterThanOrEqual(widthOf(of, about) - 1e-12);
      }),
      { numRuns: 500 },
    );
  });

  test('and nothing is surer than the floor', () => {
    fc.assert(
      fc.property(table, subject, (of, about) => {
        expect(widthOf(of, about)).toBeGreaterThanOrEqual(0.07);
      }),
    );
  });
});

describe('the table that a fit writes', () => {
  const catalog = openCatalog();
  const run = { gpu: 'h200-sxm-141gb', model: 'llama-3.3-70b', engine: 'vllm' } as MeasuredRun;
  const rowsWith = (error: number, of: Partial<MeasuredRun> = {}, n = 20): RowError[] =>
    Array.from({ length: n }, () => ({ run: { ...run, ...of }, isMoe: false, kind: 'decode' as const, error }));

  test('has what leaving out a GPU adds in quadrature', () => {
    const runs = [...rowsWith(Math.log(1.06)), ...rowsWith(Math.log(0.92), { gpu: 'b200-sxm-180gb' })];
    const gpu = [...rowsWith(Math.log(1.1)), ...rowsWith(Math.log(0.9), { gpu: 'b200-sxm-180gb' })];
    const { left_out, cells: found } = errorEvidence({ runs, gpu, model: runs, engine: [] }, catalog);
    // √(0.10² − 0.06²) = 0.08 and √(0.10² − 0.08²) = 0.06; four fifths of the way between them.
    expect(left_out.decode).toEqual({ gpu: 0.076, model: 0, engine: 0 });
    expect(found.filter(({ family }) => family === 'decode')).toMatchObject([
      { gpu: 'b200-sxm-180gb', architecture: 'Blackwell', n: 20, p80: 0.08, bias: -0.08 },
      { gpu: 'h200-sxm-141gb', architecture: 'Hopper', n: 20, p80: 0.06, models: ['llama-3.3-70b'] },
    ]);
    expect(found.filter(({ family }) => family === 'speed')).toHaveLength(2);
    expect(found.filter(({ family }) => family === 'ttft')).toHaveLength(0);
  });
});
