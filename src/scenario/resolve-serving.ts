import type { Card, Catalog } from '../catalog/catalog.ts';
import type { CalibrationCard } from '../schema/engine.ts';
import { GPU_FIELDS, type GpuCard } from '../schema/gpu.ts';
import { MODEL_FIELDS, type ModelCard, type WeightFormat } from '../schema/model.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import { isModelFile, type ModelAnswer, type ModelSource } from './model-source.ts';
import { withFactors } from './own-calibration.ts';
import type { Plan, Scheduling, ServingPlan } from './plan.ts';
import { cardSource } from './provenance.ts';
import { networkOf, resolveLayout } from './resolve-layout.ts';
import { mainFormat } from './served-model.ts';

/** The card's own physical fields, without its name, aliases and sources. */
function physical<T extends object>(card: object, keys: readonly string[]): T {
  const entries = keys.filter((key) => (card as Record<string, unknown>)[key] !== undefined);
  return Object.fromEntries(entries.map((key) => [key, (card as Record<string, unknown>)[key]])) as T;
}

export function resolveModel(
  scenario: Scenario,
  { catalog, models }: { catalog: Catalog; models?: ModelSource | undefined },
): { name: string; model: ModelCard; native: WeightFormat | undefined } {
  if (typeof scenario.model !== 'string') {
    return { name: scenario.model.name ?? 'own model', model: scenario.model, native: 'bf16' };
  }
  if (isModelFile(scenario.model)) {
    return models?.(scenario.model) as Extract<ModelAnswer, { found: true }>;
  }
  const card = catalog.find('model', scenario.model) as Card<'model'>;
  return {
    name: card.name,
    model: physical<ModelCard>(card, MODEL_FIELDS),
    native: card.native_weights,
  };
}

export function resolveGpu(scenario: Scenario, catalog: Catalog): { name: string; gpu: GpuCard } {
  const { gpu } = scenario.serving;
  if (typeof gpu !== 'string') return { name: gpu.name ?? 'own GPU', gpu };
  const card = catalog.find('gpu', gpu) as Card<'gpu'>;
  return { name: card.name, gpu: physical<GpuCard>(card, GPU_FIELDS) };
}

/** The engine with its calibration. An id that exists but points to a missing calibration is the catalog's fault. */
export function resolveEngine(
  scenario: Scenario,
  catalog: Catalog,
): Pick<Plan, 'engineName' | 'engine' | 'calibration' | 'calibrated'> & { card: Card<'engine'> } {
  const card = catalog.find('engine', scenario.serving.engine) as Card<'engine'>;
  const calibration = catalog.find('calibration', card.calibration) as Card<'calibration'>;
  const { upper_bound, block_tokens, reserves_longest } = card;
  const host = { ...card.host, rate: card.host.rate * (scenario.serving.engine_efficiency ?? 1) };
  const { calibrated } = scenario.serving;
  const own = calibrated === undefined ? { calibration, host } : withFactors({ calibration, host }, calibrated);
  return {
    card,
    engineName: card.name,
    engine: { upper_bound, block_tokens, reserves_longest, host: own.host },
    calibration: own.calibration,
    ...(calibrated === undefined ? {} : { calibrated }),
  };
}

function resolveMemory(
  scenario: Scenario,
  gpu: GpuCard,
  engine: Card<'engine'>,
  defaults: Defaults,
): ServingPlan['memory'] {
  const asked = scenario.serving.memory ?? {};
  const use = (key: string, value: number, source: string) =>
    defaults.use(`serving.memory.${key}`, value, source, key === 'fraction' ? undefined : 'B');
  const usable = gpu.memory.usable;
  return {
    rule: engine.memory.rule,
    fraction: asked.fraction ?? use('fraction', engine.memory.fraction, cardSource(engine, 'memory.fraction')),
    workspace: asked.workspace ?? use('workspace', engine.memory.workspace, cardSource(engine, 'memory.workspace')),
    usable:
      asked.usable ??
      (usable === undefined
        ? use('usable', gpu.memory.marketed, 'the marketed size, no usable one being known')
        : use('usable', usable, 'GPU card')),
  };
}

/** An engine's own limits for a card of this memory, and the field they stand in. */
function defaultLimits(
  gpu: GpuCard,
  engine: Card<'engine'>,
): { max_batch: number; token_budget: number; field?: string } {
  const small = engine.small_cards;
  const memory = gpu.memory.usable ?? gpu.memory.marketed;
  return small !== undefined && memory < small.below ? { ...small, field: 'small_cards' } : engine;
}

/** Seconds a static batch waits for its last member where nothing is said: as good as for ever, and a number. */
const NEVER = 1e9;

function resolveScheduling(scenario: Scenario, catalog: Catalog, defaults: Defaults): Scheduling {
  const { scheduling } = scenario.serving;
  if (scheduling === 'continuous') {
    defaults.use('serving.scheduling', 'continuous', 'what engines do: decodes first, prompts in chunks beside them');
    return { kind: 'continuous', prefill: 'chunked' };
  }
  switch (scheduling.policy) {
    case 'continuous':
      return { kind: 'continuous', prefill: scheduling.prefill };
    case 'static':
      return {
        kind: 'static',
        batch: scheduling.batch,
        maxWait:
          scheduling.max_wait ??
          defaults.use('serving.scheduling.max_wait', NEVER, 'a batch waits until it is full', 's'),
      };
    case 'disaggregated': {
      const use = (key: 'prefill_instances' | 'decode_instances') =>
        defaults.use(`serving.scheduling.${key}`, scheduling[key], 'in proportion to the work of prompts and answers');
      return {
        kind: 'disaggregated',
        prefillInstances: use('prefill_instances'),
        decodeInstances: use('decode_instances'),
        network: networkOf(scheduling.network, catalog),
      };
    }
  }
}

/** Features that no engine combines, or that would mean nothing together. */
function servingProblems(scenario: Scenario, scheduling: Scheduling): Problem[] {
  const { serving, traffic } = scenario;
  const problems: Problem[] = [];
  const refuse = (path: Problem['path'], message: string) => problems.push({ path, message });
  if (serving.prefix_cache && scheduling.kind !== 'continuous') {
    refuse(['serving', 'prefix_cache'], 'a prefix cache goes with continuous scheduling only');
  }
  if (serving.speculation !== undefined && scheduling.kind === 'static') {
    refuse(['serving', 'speculation'], 'static batches run without speculation');
  }
  if (traffic.background !== undefined && scheduling.kind !== 'continuous') {
    refuse(['traffic', 'background'], 'priorities go with continuous scheduling only');
  }
  const isClosed = serving.envelope === 'closed-form' || serving.measured !== undefined;
  if (serving.prefix_cache && traffic.cached_input !== undefined && !isClosed) {
    refuse(
      ['traffic', 'cached_input'],
      'an engine that keeps prefixes finds out by itself what is cached; leave out this or serving.prefix_cache',
    );
  }
  const isKnown = scheduling.kind === 'continuous' && scheduling.prefill === 'chunked';
  if (isClosed && (!isKnown || traffic.background !== undefined)) {
    const where = serving.measured === undefined ? 'envelope' : 'measured';
    refuse(
      ['serving', where],
      'a closed form stands behind this, which knows prompts in chunks beside decoding and no priorities; leave it out to simulate',
    );
  }
  return problems;
}

/** The cards a replica is made of. */
interface ServingCards {
  model: ModelCard;
  /** The format the model is published in, where its card says so. */
  native: WeightFormat | undefined;
  gpu: GpuCard;
  engine: Card<'engine'>;
  calibration: CalibrationCard;
}

export function resolveServing(
  scenario: Scenario,
  catalog: Catalog,
  { model, native, gpu, engine, calibration }: ServingCards,
  defaults: Defaults,
  problems: Problem[],
): ServingPlan {
  const { serving } = scenario;
  const measured = serving.measured?.output_tokens_per_second;
  const limits = defaultLimits(gpu, engine);
  defaults.use('serving.engine', serving.engine, 'the engine most of the calibration rows ran');
  const isBound = calibration.all_reduce.collectives;
  const layout = resolveLayout(scenario, catalog, model, gpu, isBound, defaults, problems);
  defaults.use('serving.kv_cache', serving.kv_cache, 'engines keep the cache in 16 bits unless told otherwise');
  defaults.use('serving.replicas', serving.replicas, 'sized for the busiest hour');
  defaults.use('serving.target_utilization', serving.target_utilization, 'no headroom beyond the latency target');
  defaults.use('serving.prefix_cache', serving.prefix_cache, 'hits are what traffic.cached_input says');
  defaults.use('serving.envelope', serving.envelope, 'request by request');
  const scheduling = resolveScheduling(scenario, catalog, defaults);
  problems.push(...servingProblems(scenario, scheduling));
  return {
    ...layout,
    weights:
      mainFormat(serving.weights) ?? defaults.use('serving.weights', native ?? 'bf16', 'the published checkpoint'),
    kvCache: serving.kv_cache,
    maxBatch:
      serving.max_batch ??
      defaults.use('serving.max_batch', limits.max_batch, cardSource(engine, limits.field ?? 'max_batch')),
    tokenBudget:
      serving.token_budget ??
      defaults.use('serving.token_budget', limits.token_budget, cardSource(engine, limits.field ?? 'token_budget')),
    replicas: serving.replicas,
    targetUtilization: serving.target_utilization,
    scheduling,
    prefixCache: serving.prefix_cache,
    ...(serving.speculation === undefined
      ? {}
      : {
          speculation: {
            acceptance: serving.speculation.acceptance,
            depth: serving.speculation.depth,
            draftCost: serving.speculation.draft_cost,
          },
        }),
    // A measured rate is met exactly by scaling the closed form.
    envelope: measured === undefined ? serving.envelope : 'closed-form',
    memory: resolveMemory(scenario, gpu, engine, defaults),
    ...(measured === undefined ? {} : { measuredOutputTokensPerSecond: measured }),
  };
}
