import { listedHosts } from '../api/listed-prices.ts';
import type { Card, Catalog } from '../catalog/catalog.ts';
import { type StarterChoice, type StarterOffer, starterText } from '../report/starter-text.ts';
import { simulate } from '../result/simulate.ts';
import type { Lookups } from '../scenario/lookups.ts';
import type { Plan } from '../scenario/plan.ts';
import { unknownCard } from '../scenario/references.ts';
import { resolveScenario } from '../scenario/resolve.ts';
import { validateScenario } from '../scenario/validate.ts';
import { printable } from '../schema/printable.ts';
import { InfeasibleError, InputError, optionError, type Problem } from '../schema/problem.ts';
import { parseYamlText } from '../schema/yaml-text.ts';
import { buildReplica } from '../serving/replica.ts';
import { significant } from '../units/format.ts';

/** What a starter is asked to be about. */
export interface StarterOptions {
  model: string;
  gpu: string;
  tensorParallel?: number | undefined;
  requestsPerDay?: number | undefined;
  schema: string;
}

const REQUESTS_PER_DAY = 10_000;

/** Most GPUs that are tried where their link does not say how many it joins: a server of them holds eight. */
const GPUS_OF_A_SERVER = 8;

function namedCards({ model, gpu }: StarterOptions, catalog: Catalog): [Card<'model'>, Card<'gpu'>] {
  const modelCard = catalog.find('model', model);
  const gpuCard = catalog.find('gpu', gpu);
  const problems: Problem[] = [];
  if (modelCard === undefined)
    problems.push({ path: [], option: `--model ${printable(model)}`, message: unknownCard(catalog, 'model', model) });
  if (gpuCard === undefined)
    problems.push({ path: [], option: `--gpu ${printable(gpu)}`, message: unknownCard(catalog, 'gpu', gpu) });
  if (modelCard === undefined || gpuCard === undefined) throw new InputError(problems);
  return [modelCard, gpuCard];
}

/** GPUs that so many are billed as, where instances are rented whole. */
function billed({ gpus_per_instance: each }: Card<'rental'>, gpus: number): number {
  return Math.ceil(gpus / each) * each;
}

/** The on-demand rental that so many GPUs cost least at, the first of equals: one that comes in eights is not cheap for one. */
function cheapestRental(gpu: string, gpus: number, catalog: Catalog): Card<'rental'> | undefined {
  const rentals = catalog
    .ids('rental')
    .map((id) => catalog.find('rental', id) as Card<'rental'>)
    .filter((card) => card.gpu === gpu);
  const usd = (card: Card<'rental'>) => billed(card, gpus) * card.on_demand;
  return rentals.toSorted((a, b) => usd(a) - usd(b))[0];
}

function rentOf(gpu: Card<'gpu'>, gpus: number, catalog: Catalog): Pick<StarterChoice, 'rent'> {
  const rental = cheapestRental(gpu.id, gpus, catalog);
  if (rental !== undefined) {
    const price = significant(rental.on_demand);
    const together = rental.gpus_per_instance > 1 ? `, ${rental.gpus_per_instance} GPUs together` : '';
    const remark = `${price} USD per GPU-hour${together}: the cheapest on demand in the catalog for ${gpus} of them`;
    return { rent: { id: rental.id, remark } };
  }
  if (catalog.ids('node').some((id) => catalog.find('node', id)?.gpu === gpu.id)) return {};
  throw optionError(
    `--gpu ${gpu.id}`,
    `the catalog has neither a rental nor a node of ${gpu.id}, so there is no price to start from`,
  );
}

/** Dated sheets of the model; failing them, the cheapest host of the price list for as much input as output. */
function offersOf(model: Card<'model'>, plan: Plan, { catalog, prices }: Lookups): StarterOffer[] {
  const sheets = catalog.ids('price').filter((id) => catalog.find('price', id)?.model === model.id);
  if (sheets.length > 0) return sheets.map((sheet) => ({ sheet }));
  const { start: date, traffic } = plan;
  const priced = listedHosts([model.id, model.name]).flatMap((host) => {
    const answer = prices({ ...host, date, shape: traffic.shape });
    const usd = answer.found ? answer.price.inputUsdPerMtok + answer.price.outputUsdPerMtok : 0;
    return usd > 0 ? [{ host, usd }] : [];
  });
  return priced
    .toSorted((a, b) => a.usd - b.usd)
    .slice(0, 1)
    .map(({ host }) => host);
}

/** The plan of a text of ours, by the way that every scenario file takes. */
function planOf(text: string, lookups: Lookups): Plan {
  const parsed = parseYamlText(text);
  if (!parsed.ok) throw new Error('the starter is not valid YAML');
  return resolveScenario(validateScenario(parsed.value), parsed.value, lookups);
}

/** The smallest power of two of GPUs that holds weights and a request, by the same check as a run's. */
function smallestFit(draft: (tensorParallel: number) => Plan, linked: number): number {
  let failure: unknown;
  for (let tensorParallel = 1; tensorParallel <= linked; tensorParallel *= 2) {
    try {
      buildReplica(draft(tensorParallel));
      return tensorParallel;
    } catch (error) {
      if (!(error instanceof InfeasibleError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function meetsTarget(plan: Plan): boolean {
  try {
    return simulate(plan).slo_met;
  } catch (error) {
    if (error instanceof InfeasibleError && error.status === 'slo_missed') return false;
    throw error;
  }
}

/**
 * A commented scenario of one model on one GPU that runs as it is: the text is read, planned and simulated before it is
 * given away.
 *
 * @throws InputError for names that the catalog lacks, with the nearest
 * @throws InfeasibleError where the model does not fit
 */
export function starter(options: StarterOptions, lookups: Lookups): string {
  const { catalog } = lookups;
  const [model, gpu] = namedCards(options, catalog);
  const draft: StarterChoice = {
    schema: options.schema,
    model,
    gpu,
    tensorParallel: options.tensorParallel ?? 1,
    isSmallest: options.tensorParallel === undefined,
    weights: model.native_weights,
    requestsPerDay: options.requestsPerDay ?? REQUESTS_PER_DAY,
    ...rentOf(gpu, options.tensorParallel ?? 1, catalog),
    offers: [],
    meetsTarget: true,
  };
  const planWith = (changes: Partial<StarterChoice>) => planOf(starterText({ ...draft, ...changes }), lookups);
  const linked = Math.max(gpu.link?.gpus ?? 1, GPUS_OF_A_SERVER);
  const tensorParallel = options.tensorParallel ?? smallestFit((count) => planWith({ tensorParallel: count }), linked);
  const plan = planWith({ tensorParallel });
  const rent = rentOf(gpu, tensorParallel, catalog);
  const choice = { ...draft, tensorParallel, ...rent, start: plan.start, offers: offersOf(model, plan, lookups) };
  return starterText({ ...choice, meetsTarget: meetsTarget(planWith(choice)) });
}
