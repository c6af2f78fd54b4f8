import type { Card, Catalog } from '../../catalog/catalog.ts';
import type { Plan } from '../../scenario/plan.ts';
import type { PriceSource } from '../../scenario/price-source.ts';
import { resolveScenario } from '../../scenario/resolve.ts';
import { validateScenario } from '../../scenario/validate.ts';
import { MODEL_FIELDS } from '../../schema/model.ts';
import { type MeasuredRun, requestsHere, type Spread } from './measured-run.ts';

/** Rows of time have no use for prices. */
const NO_PRICES: PriceSource = () => ({ found: false, problem: 'no prices here' });

/** A scenario must name its load and price; neither moves a step time. */
const PLACEHOLDERS = { requests_per_day: 1000, rent: { price: '1 USD/h' } };

/** A fixed length, or the ends it is drawn between. */
function lengthsOf(nominal: number, { low, high }: Spread): number | { low: number; high: number } {
  if (low === high) return Math.max(1, nominal * low);
  return { low: Math.max(1, nominal * low), high: Math.max(1, nominal * high) };
}

/** Sequences that the engine is let run at once: whoever measures n in flight allows n. Undefined: its own default. */
function maxBatch(run: MeasuredRun, engine: Card<'engine'>): number | undefined {
  if (run.load.kind === 'static') return Math.max(engine.max_batch, requestsHere(run, run.load.batch));
  if (run.load.kind === 'closed') return Math.max(engine.max_batch, requestsHere(run, run.load.users));
  return undefined;
}

/** The model's shape without its context limit: whoever measured beyond it did so all the same. */
function shapeOf(model: Card<'model'>): Record<string, unknown> {
  const fields = Object.entries(model).filter(([key]) => MODEL_FIELDS.includes(key) && key !== 'max_context');
  return Object.fromEntries(fields);
}

/** The plan of a measured run, by the same road as any scenario's. */
export function planOfRun(run: MeasuredRun, catalog: Catalog): Plan {
  const engine = catalog.find('engine', run.engine) as Card<'engine'>;
  const batch = maxBatch(run, engine);
  const { tokenBudget, memoryFraction } = run.settings;
  const memory = memoryFraction === undefined ? {} : { fraction: memoryFraction };
  const raw = {
    rackrate: 1,
    name: 'a measured run',
    model: shapeOf(catalog.find('model', run.model) as Card<'model'>),
    serving: {
      gpu: run.gpu,
      tensor_parallel: run.tensorParallel,
      pipeline_parallel: run.stages,
      expert_parallel: run.expertParallel ?? 1,
      attention_data_parallel: run.attentionRanks ?? 1,
      weights: run.weights,
      kv_cache: run.kvCache,
      engine: run.engine,
      envelope: 'closed-form',
      ...(batch === undefined ? {} : { max_batch: batch }),
      ...(tokenBudget === undefined ? {} : { token_budget: tokenBudget }),
      memory,
    },
    traffic: {
      requests_per_day: PLACEHOLDERS.requests_per_day,
      input_tokens: lengthsOf(run.input, run.spread),
      output_tokens: lengthsOf(run.output, run.spread),
    },
    capacity: { rent: PLACEHOLDERS.rent },
  };
  return resolveScenario(validateScenario(raw), raw, { catalog, prices: NO_PRICES });
}
