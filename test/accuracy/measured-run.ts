import { openCatalog } from '../../src/io/catalog-folder.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import type { PriceSource } from '../../src/scenario/price-source.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { buildReplica, type Replica } from '../../src/serving/replica.ts';
import { inFlight, steadyState } from '../../src/serving/steady-state.ts';

/** One measured configuration: what ran, on what, with how many requests in flight. */
export interface Run {
  model: string;
  gpu: string;
  engine: string;
  tensorParallel: number;
  weights: string;
  kvCache: string;
  input: number;
  output: number;
  inFlight: number;
  tokenBudget?: number;
}

const catalog = openCatalog();
/** Rows of time have no use for prices. */
const NO_PRICES: PriceSource = () => ({ found: false, problem: 'no prices here' });

export function planOfRun(run: Run): Plan {
  const raw = {
    rackrate: 1,
    name: 'a measured run',
    model: run.model,
    serving: {
      gpu: run.gpu,
      tensor_parallel: run.tensorParallel,
      weights: run.weights,
      kv_cache: run.kvCache,
      engine: run.engine,
      max_batch: 4096,
      ...(run.tokenBudget === undefined ? {} : { token_budget: run.tokenBudget }),
    },
    traffic: { requests_per_day: 1000, input_tokens: run.input, output_tokens: run.output },
    capacity: { rent: { price: '1 USD/h' } },
  };
  return resolveScenario(validateScenario(raw), raw, { catalog, prices: NO_PRICES });
}

/** Sequences that decode while `wanted` requests are in flight, as far as the cache has room for them. */
function decodingOf(replica: Replica, wanted: number): number {
  const most = Math.min(wanted, replica.slots);
  let decoding = most;
  for (let i = 0; i < 4; i++) {
    decoding = Math.min(most, Math.max(1, (decoding * wanted) / inFlight(steadyState(replica, decoding))));
  }
  return decoding;
}

/** Predicted time between two tokens of a request, in seconds. */
export function predictedTpot(run: Run): number {
  const replica = buildReplica(planOfRun(run));
  return steadyState(replica, decodingOf(replica, run.inFlight)).tpot;
}
