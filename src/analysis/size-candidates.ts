import { CARD_KINDS, type Card, type Catalog } from '../catalog/catalog.ts';
import { didYouMean } from '../math/edit-distance.ts';
import { formatName } from '../model/weights.ts';
import type { Setting } from '../result/sweep-point.ts';
import type { Lookups } from '../scenario/lookups.ts';
import type { Parallelism } from '../scenario/plan.ts';
import { unknownCard } from '../scenario/references.ts';
import { layoutName } from '../scenario/replica-gpus.ts';
import { resolveGpu, resolveModel } from '../scenario/resolve-serving.ts';
import type { GpuCard } from '../schema/gpu.ts';
import { type ModelCard, type WeightFormat, weightFormat } from '../schema/model.ts';
import { printable } from '../schema/printable.ts';
import { InfeasibleError, InputError, optionError, type Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import { qualityOf } from './size-quality.ts';

/** What a search may choose from; what is absent is left to the search. */
export interface SizeChoice {
  /** Ids or aliases. */
  gpus?: readonly string[] | undefined;
  weights?: readonly string[] | undefined;
  capacity?: 'rent' | 'own' | undefined;
  /** Least share of the published scores that a format may keep; formats without a tag keep none. */
  qualityFloor?: number | undefined;
}

/** How a GPU is come by: the settings that say so, none where the scenario says it already. */
interface Supply {
  kind: 'rent' | 'own';
  /** Id of the rental or of the node; undefined for what the scenario states. */
  from: string | undefined;
  settings: readonly Setting[];
}

/** A GPU as the search sees it. */
interface GpuOption {
  id: string;
  name: string;
  card: GpuCard;
  isOwn: boolean;
  supplies: readonly Supply[];
}

/** A replica that might make a fleet: everything but its batch. */
export interface Candidate {
  gpu: string;
  gpuName: string;
  supply: Pick<Supply, 'kind' | 'from'>;
  weights: string;
  quality: number | undefined;
  layout: Parallelism;
  /** Candidates of one family differ by their layout alone. */
  family: string;
  /** What makes the scenario this candidate, in the order to be applied. */
  settings: readonly Setting[];
}

/** Spans machines only where one node does not hold the model, over what the scenario names, else over this. */
const BETWEEN_NODES = 'infiniband-ndr-400';
const STAGES = [2, 4, 8];

/** Rentals of a GPU that no other beats in price and in the number of GPUs one must take at once. */
function rentalsWorthAsking(catalog: Catalog, gpu: string): Card<'rental'>[] {
  const cards = catalog
    .ids('rental')
    .map((id) => catalog.find('rental', id) as Card<'rental'>)
    .filter((card) => card.gpu === gpu)
    .sort((a, b) => a.on_demand - b.on_demand || a.gpus_per_instance - b.gpus_per_instance);
  return cards.filter((card, i) =>
    cards.slice(0, i).every((other) => other.gpus_per_instance > card.gpus_per_instance),
  );
}

/** The same term and path of prices as the scenario's, so that like is held against like; a contract's own discount stays with it. */
function rentalSettings(scenario: Scenario, id: string): Setting[] {
  const { commitment = 'none', price_path: path } = scenario.capacity.rent ?? {};
  return [
    {
      path: 'capacity',
      value: {
        rent: {
          id,
          ...(commitment === 'none' ? {} : { commitment }),
          ...(path === undefined ? {} : { price_path: path }),
        },
      },
    },
  ];
}

function suppliesOf(scenario: Scenario, catalog: Catalog, gpu: string, isOwn: boolean): Supply[] {
  const { rent, own } = scenario.capacity;
  const stated = (kind: Supply['kind']): Supply => ({ kind, from: undefined, settings: [] });
  const listed = rentalsWorthAsking(catalog, gpu)
    .filter(({ id }) => !(isOwn && rent?.id === id))
    .map(({ id }): Supply => ({ kind: 'rent', from: id, settings: rentalSettings(scenario, id) }));
  const rented = isOwn && rent !== undefined ? [stated('rent'), ...listed] : listed;
  if (isOwn && own !== undefined) return [...rented, stated('own')];
  const nodes = catalog.ids('node').filter((id) => catalog.find('node', id)?.gpu === gpu);
  const owned = nodes.map((node): Supply => {
    const site = own?.site === undefined ? {} : { site: own.site };
    return { kind: 'own', from: node, settings: [{ path: 'capacity', value: { own: { node, ...site } } }] };
  });
  return [...rented, ...owned];
}

/** The scenario's own GPU by its id, where it names a card. */
function ownId(scenario: Scenario, catalog: Catalog): string | undefined {
  const { gpu } = scenario.serving;
  return typeof gpu === 'string' ? catalog.find('gpu', gpu)?.id : undefined;
}

function gpuOption(scenario: Scenario, catalog: Catalog, id: string | undefined): GpuOption {
  const own = ownId(scenario, catalog);
  if (id === undefined) {
    const { name, gpu } = resolveGpu(scenario, catalog);
    return { id: name, name, card: gpu, isOwn: true, supplies: suppliesOf(scenario, catalog, '', true) };
  }
  const card = catalog.find('gpu', id) as Card<'gpu'>;
  const isOwn = id === own;
  return { id, name: card.name, card, isOwn, supplies: suppliesOf(scenario, catalog, id, isOwn) };
}

/** GPUs by id, the scenario's own first; undefined stands for a card written in the scenario. */
function gpuIds(scenario: Scenario, catalog: Catalog, asked: readonly string[] | undefined): (string | undefined)[] {
  const own = ownId(scenario, catalog);
  if (asked === undefined) return [own, ...catalog.ids('gpu').filter((id) => id !== own)];
  const unknown = asked.filter((name) => catalog.find('gpu', name) === undefined);
  if (unknown.length > 0) {
    throw new InputError(
      unknown.map((name) => ({
        path: [],
        option: `--gpu ${printable(name)}`,
        message: unknownCard(catalog, 'gpu', name),
      })),
    );
  }
  return [...new Set(asked.map((name) => catalog.find('gpu', name)?.id))];
}

function gpuOptions(scenario: Scenario, catalog: Catalog, choice: SizeChoice): GpuOption[] {
  const options = gpuIds(scenario, catalog, choice.gpus).map((id) => {
    const option = gpuOption(scenario, catalog, id);
    const supplies = option.supplies.filter(({ kind }) => choice.capacity === undefined || kind === choice.capacity);
    return { ...option, supplies };
  });
  const without = options.filter(({ supplies }) => supplies.length === 0).map(({ id }) => id);
  if (choice.gpus !== undefined && without.length > 0) {
    const what = choice.capacity === 'own' ? 'node' : choice.capacity === 'rent' ? 'rental' : 'rental and no node';
    const folder = CARD_KINDS[choice.capacity === 'own' ? 'node' : 'rental'].folder;
    const message = `the catalog has no ${what} of ${without.join(', ')} (${folder}); nothing to price it with`;
    throw optionError(`--gpu ${choice.gpus.join(',')}`, message);
  }
  return options.filter(({ supplies }) => supplies.length > 0);
}

/** A format of the weights, and the share of the published scores that it keeps, where that is known. */
interface WeightOption {
  label: string;
  format: WeightFormat;
  quality: number | undefined;
  settings: readonly Setting[];
}

/** Formats as words, which may be none of those there are. */
function formatsIn(words: readonly string[]): WeightFormat[] {
  const problems: Problem[] = [];
  const formats = [...new Set(words)].flatMap((word) => {
    const format = weightFormat.safeParse(word);
    if (format.success) return [format.data];
    const near = didYouMean(word, weightFormat.options) || `; known: ${weightFormat.options.join(', ')}`;
    problems.push({ path: [], option: `--weights ${printable(word)}`, message: `no format of weights${near}` });
    return [];
  });
  if (problems.length > 0) throw new InputError(problems);
  return formats;
}

/** The scenario's own format and the published one, or those asked for; of them those above the floor. */
function weightOptions(scenario: Scenario, lookups: Lookups, model: ModelCard, choice: SizeChoice): WeightOption[] {
  const published = resolveModel(scenario, lookups).native ?? 'bf16';
  const own = scenario.serving.weights;
  const single = typeof own === 'string' ? own : (own?.[0]?.format ?? published);
  const quality = (format: WeightFormat) => qualityOf(scenario, lookups.catalog, format, published);
  // Of formats layer by layer the worst counts.
  const parts = typeof own === 'object' ? own.map((part) => quality(part.format) ?? 0) : [];
  const stated: WeightOption = {
    label: formatName(model, single),
    format: single,
    quality: parts.length > 0 ? Math.min(...parts) : quality(single),
    settings: [],
  };
  const option = (format: WeightFormat): WeightOption =>
    stated.label === format
      ? stated
      : { label: format, format, quality: quality(format), settings: [{ path: 'serving.weights', value: format }] };
  const asked = choice.weights === undefined ? undefined : formatsIn(choice.weights).map(option);
  const options = asked ?? (stated.label === published ? [stated] : [stated, option(published)]);
  const floor = choice.qualityFloor ?? scenario.quality?.floor ?? 0;
  const good = options.filter((one) => floor === 0 || (one.quality ?? 0) >= floor);
  if (good.length > 0) return good;
  const tags = options.map((one) => `${one.label} ${one.quality ?? 'has no tag'}`).join(', ');
  throw new InfeasibleError('no_fit', `no format of the weights keeps the quality of ${floor} asked for: ${tags}`);
}

const ALONE: Parallelism = { tensorParallel: 1, pipelineParallel: 1, expertParallel: 1, attentionDataParallel: 1 };

function statedLayout({ serving }: Scenario): Parallelism {
  return {
    tensorParallel: serving.tensor_parallel,
    pipelineParallel: serving.pipeline_parallel,
    expertParallel: serving.expert_parallel,
    attentionDataParallel: serving.attention_data_parallel,
  };
}

/** GPUs of one node that a replica may span: powers of two, as engines want them. */
function groupSizes(gpu: GpuCard): number[] {
  const most = Math.max(gpu.link?.gpus ?? 1, gpu.gpus_per_node ?? 1);
  const sizes: number[] = [];
  for (let size = 1; size <= most; size *= 2) sizes.push(size);
  return sizes;
}

/**
 * Layouts within a node: tensor parallel over 1, 2, 4 … GPUs; with experts dealt out, or attention in ranks, where the
 * scenario does so; and the scenario's own.
 */
function layoutsWithinNode(scenario: Scenario, model: ModelCard, gpu: GpuCard): Parallelism[] {
  const own = statedLayout(scenario);
  const layouts = [own];
  for (const size of groupSizes(gpu)) {
    const dealt = own.expertParallel > 1 ? size : 1;
    if (model.heads % size === 0) layouts.push({ ...ALONE, tensorParallel: size });
    if (model.heads % size === 0 && dealt > 1) layouts.push({ ...ALONE, tensorParallel: size, expertParallel: size });
    if (own.attentionDataParallel > 1) layouts.push({ ...ALONE, attentionDataParallel: size, expertParallel: dealt });
  }
  return layouts.filter((layout, i) => layouts.findIndex((other) => layoutName(other) === layoutName(layout)) === i);
}

/** Stages on nodes of their own, each as wide as a node allows. */
function layoutsOverNodes(model: ModelCard, gpu: GpuCard): Parallelism[] {
  const widest = groupSizes(gpu).findLast((size) => model.heads % size === 0) ?? 1;
  return STAGES.filter((stages) => stages <= model.layers).map((pipelineParallel) => ({
    ...ALONE,
    tensorParallel: widest,
    pipelineParallel,
  }));
}

function layoutSettings(scenario: Scenario, layout: Parallelism): Setting[] {
  const own = statedLayout(scenario);
  const keys = [
    ['tensorParallel', 'tensor_parallel'],
    ['pipelineParallel', 'pipeline_parallel'],
    ['expertParallel', 'expert_parallel'],
    ['attentionDataParallel', 'attention_data_parallel'],
  ] as const;
  const changed = keys.filter(([name]) => layout[name] !== own[name]);
  const settings: Setting[] = changed.map(([name, key]) => ({ path: `serving.${key}`, value: layout[name] }));
  const spans = layout.pipelineParallel > 1 && scenario.serving.network === undefined;
  return spans ? [...settings, { path: 'serving.network', value: BETWEEN_NODES }] : settings;
}

/** What was measured of one machine says nothing of another. */
function dropped(scenario: Scenario, isOwnGpu: boolean, isAsStated: boolean): Setting[] {
  const { serving } = scenario;
  const keys = [
    ...(serving.measured !== undefined && !isAsStated ? ['measured'] : []),
    ...(serving.calibrated !== undefined && !isOwnGpu ? ['calibrated'] : []),
    ...(serving.memory?.usable !== undefined && !isOwnGpu ? ['memory.usable'] : []),
  ];
  return keys.map((key) => ({ path: `serving.${key}`, value: null }));
}

/** Layouts of one family: those within a node, and those to fall back on where none of them holds the model. */
export interface Family {
  within: readonly Candidate[];
  over: readonly Candidate[];
}

/**
 * Every replica worth asking about, by families of GPU, supply and weights.
 *
 * @throws InputError where a GPU or a format that was asked for is unknown, or cannot be priced
 */
export function sizeFamilies(scenario: Scenario, model: ModelCard, lookups: Lookups, choice: SizeChoice): Family[] {
  const weights = weightOptions(scenario, lookups, model, choice);
  const sized: Setting[] = scenario.serving.replicas === 'auto' ? [] : [{ path: 'serving.replicas', value: 'auto' }];
  return gpuOptions(scenario, lookups.catalog, choice).flatMap((gpu) =>
    gpu.supplies.flatMap((supply) =>
      weights.map((format): Family => {
        const of = (layout: Parallelism): Candidate => {
          const layoutChange = layoutSettings(scenario, layout);
          const isAsStated = gpu.isOwn && format.settings.length === 0 && layoutChange.length === 0;
          return {
            gpu: gpu.id,
            gpuName: gpu.name,
            supply: { kind: supply.kind, from: supply.from },
            weights: format.label,
            quality: format.quality,
            layout,
            family: [gpu.id, supply.kind, supply.from, format.label].join('/'),
            settings: [
              ...(gpu.isOwn ? [] : [{ path: 'serving.gpu', value: gpu.id }]),
              ...dropped(scenario, gpu.isOwn, isAsStated),
              ...supply.settings,
              ...format.settings,
              ...layoutChange,
              ...sized,
            ],
          };
        };
        return {
          within: layoutsWithinNode(scenario, model, gpu.card).map(of),
          over: layoutsOverNodes(model, gpu.card).map(of),
        };
      }),
    ),
  );
}
