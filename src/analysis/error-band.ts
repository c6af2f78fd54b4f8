import type { ErrorCell, ErrorFamily, ErrorTable } from '../schema/error-table.ts';
import type { Share } from '../units/quantity.ts';

/** What a prediction is made for, by ids of cards; what is described inline has none and was never measured. */
export interface ErrorSubject {
  gpu?: string | undefined;
  architecture?: string | undefined;
  model?: string | undefined;
  modelKind: 'dense' | 'moe';
  engine: string;
}

/** Four predictions in five are expected to lie within `width` of the truth, on either side. */
export interface ErrorBand {
  width: Share;
  /** Measured rows it rests on. */
  rows: number;
  /** What is unlike anything measured, if anything is. */
  unmeasured: readonly ('GPU' | 'model' | 'engine' | 'combination')[];
}

/** Fewer rows than this are an anecdote: their error counts among the others', not as this combination's own. */
const LEAST_ROWS = 10;

/**
 * An 80th percentile from n rows, plus one standard error of it: √(0.8·0.2/n) over the density there, relative to the
 * percentile itself, for errors that are normal about zero (1.28 and 0.351 in units of their deviation).
 */
function widened({ p80, n }: ErrorCell): Share {
  const relative = Math.sqrt(0.16 / n) / (0.351 * 1.2816);
  return p80 * (1 + relative);
}

interface Nearest {
  cells: readonly ErrorCell[];
  gpu: boolean;
  engine: boolean;
  combination: boolean;
}

/**
 * The measured combinations that stand for a subject: its own; else those of its engine and kind of model on GPUs of
 * its architecture; else on any GPU; else under any engine; else all. Each step takes in all of the one before.
 */
function nearest(cells: readonly ErrorCell[], subject: ErrorSubject): Nearest {
  const kind = cells.filter((cell) => cell.model_kind === subject.modelKind);
  const engine = kind.filter((cell) => cell.engine === subject.engine);
  const architecture = engine.filter((cell) => cell.architecture === subject.architecture);
  const own = engine.filter((cell) => cell.gpu === subject.gpu && cell.n >= LEAST_ROWS);
  const enough = (some: readonly ErrorCell[]) => some.some((cell) => cell.n >= LEAST_ROWS);
  const knowsGpu = cells.some((cell) => cell.gpu === subject.gpu);
  const knowsEngine = enough(cells.filter((cell) => cell.engine === subject.engine));
  const at = { gpu: !knowsGpu, engine: !knowsEngine, combination: knowsGpu && knowsEngine };
  if (own.length > 0) return { cells: own, gpu: false, engine: false, combination: false };
  if (enough(architecture)) return { cells: architecture, ...at };
  if (enough(engine)) return { cells: engine, ...at };
  return { cells: enough(kind) ? kind : cells, ...at };
}

/**
 * The error to expect of a prediction: what was found on the nearest measured combination, the widest where several are
 * as near, and in quadrature with it what it cost to leave out a GPU, a model or an engine that was not measured. Fewer
 * rows widen it, a step away from what was measured takes in more combinations and adds to it, and nothing is narrower
 * than measurements are among themselves. So less evidence never makes it narrower.
 */
export function errorBand(table: ErrorTable, subject: ErrorSubject, family: ErrorFamily): ErrorBand {
  const ofFamily = table.cells.filter((cell) => cell.family === family);
  const found = nearest(ofFamily, subject);
  const knowsModel = ofFamily.some((cell) => subject.model !== undefined && cell.models.includes(subject.model));
  const costs = table.left_out[family];
  const isCombined = found.gpu || found.engine || found.combination;
  const extra = [
    isCombined && (found.gpu || found.combination) ? costs.gpu : 0,
    found.engine ? costs.engine : 0,
    knowsModel ? 0 : costs.model,
  ];
  const widest = Math.max(table.noise_floor, ...found.cells.map(widened));
  return {
    width: Math.hypot(widest, ...extra),
    rows: found.cells.reduce((sum, cell) => sum + cell.n, 0),
    unmeasured: [
      ...(found.gpu ? (['GPU'] as const) : []),
      ...(found.engine ? (['engine'] as const) : []),
      ...(found.combination ? (['combination'] as const) : []),
      ...(knowsModel ? [] : (['model'] as const)),
    ],
  };
}
