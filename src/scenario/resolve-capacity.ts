import type { Card, Catalog } from '../catalog/catalog.ts';
import type { FacilityCard } from '../schema/facility.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import type { CapacityPlan, OwnPlan, Sourced } from './plan.ts';
import { cardSource, type PriceDate, priceDate } from './provenance.ts';
import { resolveRent } from './resolve-money.ts';

type Own = NonNullable<Scenario['capacity']['own']>;
type Owning = FacilityCard['owning'];

/** Rented or owned capacity, and the PUE of the place it stands in. */
export function resolveCapacity(
  scenario: Scenario,
  catalog: Catalog,
  facility: FacilityCard,
  gpu: GpuCard,
  defaults: Defaults,
  problems: Problem[],
): { plan: CapacityPlan; pue: number } {
  const { rent, own } = scenario.capacity;
  const { pue } = facility.power;
  if (rent !== undefined) return { plan: resolveRent(scenario, rent, catalog, facility, defaults, problems), pue };
  return {
    plan: resolveOwn(scenario, own ?? {}, catalog, facility, gpu, defaults, problems),
    pue: own?.pue ?? defaults.use('capacity.own.pue', pue, cardSource(facility, 'power.pue')),
  };
}

/** The node card: the one named, else the first of this GPU, else none. */
function nodeOf(scenario: Scenario, named: string | undefined, catalog: Catalog): Card<'node'> | undefined {
  if (named !== undefined) return catalog.find('node', named);
  const { gpu } = scenario.serving;
  const id = typeof gpu === 'string' ? catalog.find('gpu', gpu)?.id : undefined;
  const first = catalog.ids('node').find((node) => catalog.find('node', node)?.gpu === id);
  return first === undefined ? undefined : catalog.find('node', first);
}

function nodeProblems(scenario: Scenario, own: Own, node: Card<'node'> | undefined, catalog: Catalog): Problem[] {
  const path = ['capacity', 'own', 'node'];
  const { gpu } = scenario.serving;
  const id = typeof gpu === 'string' ? (catalog.find('gpu', gpu)?.id ?? gpu) : undefined;
  if (own.node !== undefined && node !== undefined && id !== undefined && node.gpu !== id) {
    return [{ path, message: `${node.id} holds ${node.gpu}, not ${id}` }];
  }
  if (node !== undefined) return [];
  const missing = (['price', 'gpus_per_node', 'network_per_gpu', 'provisioned_power'] as const).filter(
    (key) => own[key] === undefined,
  );
  if (missing.length === 0) return [];
  return [
    {
      path: ['capacity', 'own'],
      message: `no node of this GPU is in the catalog; name one with node, or give ${missing.join(', ')}`,
    },
  ];
}

function resolveOwn(
  scenario: Scenario,
  own: Own,
  catalog: Catalog,
  facility: FacilityCard,
  gpu: GpuCard,
  defaults: Defaults,
  problems: Problem[],
): OwnPlan {
  const node = nodeOf(scenario, own.node, catalog);
  problems.push(...nodeProblems(scenario, own, node, catalog));
  if (gpu.tdp === undefined && own.power_per_node === undefined) {
    problems.push({ path: ['capacity', 'own'], message: 'the GPU lists no TDP; give power_per_node' });
  }
  const siteId = own.site ?? facility.owning.site;
  const site = catalog.find('site', siteId) as Card<'site'>;
  if (own.site === undefined) defaults.use('capacity.own.site', siteId, cardSource(facility, 'owning'));

  const stated = (key: keyof Own): string => `scenario: capacity.own.${key}`;
  const pick = (key: keyof Own & string, given: number | undefined, typical: number, source: string): Sourced =>
    given === undefined
      ? { value: defaults.use(`capacity.own.${key}`, typical, source), source }
      : { value: given, source: stated(key) };
  const dates: PriceDate[] = [];
  const ofCard = (card: Card<'node'> | Card<'site'>, key: keyof Own & string, typical: number): Sourced => {
    const given = own[key] as number | undefined;
    if (given === undefined && key !== 'provisioned_power') dates.push(...priceDate(card, key));
    return pick(key, given, typical, cardSource(card, key));
  };
  const ofNode = (key: 'price' | 'network_per_gpu' | 'provisioned_power') =>
    node === undefined ? pick(key, own[key], 0, '') : ofCard(node, key, node[key]);
  const ofSite = (key: 'electricity' | 'colocation') => ofCard(site, key, site[key]);
  const typical = (key: 'ancillary' | 'spares' | 'install' | 'life' | 'support' | 'tax_and_insurance' | 'transit') =>
    pick(key, own[key], facility.owning[key], cardSource(facility, `owning.${key}`));

  const gpusPerNode = own.gpus_per_node ?? node?.gpus ?? 1;
  const server = ofNode('price');
  const perGpu = ofNode('network_per_gpu');
  const network = { ...perGpu, value: perGpu.value * gpusPerNode };
  const power = ofNode('provisioned_power');
  const rent = ofSite('colocation');
  const scaled = ({ value, source }: Sourced, by: number): Sourced => ({ value: value * by, source });
  const ancillary = scaled(typical('ancillary'), server.value);
  const spares = scaled(typical('spares'), server.value);
  const bought = server.value + network.value + ancillary.value + spares.value;
  const perMonth = (server.value + network.value) / 12;
  const life = typical('life').value;
  return {
    kind: 'own',
    nodeName: node?.name ?? `node of ${gpusPerNode}`,
    gpusPerNode,
    server,
    network,
    ancillary,
    spares,
    install: scaled(typical('install'), bought),
    lifeMonths: life,
    residualByAge: residualByAge(own, facility.owning, life, facility, defaults),
    costOfCapital:
      own.cost_of_capital ??
      defaults.use('capacity.own.cost_of_capital', facility.discount_rate, cardSource(facility, 'discount_rate')),
    colocation: { value: (rent.value * power.value) / 1000, source: `${rent.source}; ${power.source}` },
    support: scaled(typical('support'), perMonth),
    taxAndInsurance: scaled(typical('tax_and_insurance'), perMonth),
    electricity: ofSite('electricity'),
    transit: typical('transit'),
    priceDates: dates,
    ...(own.power_per_node === undefined ? {} : { wattsPerGpu: own.power_per_node / gpusPerNode }),
  };
}

/** A single share is reached at the end of life; a list is by year. */
function residualByAge(
  own: Own,
  owning: Owning,
  lifeMonths: number,
  facility: FacilityCard,
  defaults: Defaults,
): OwnPlan['residualByAge'] {
  if (typeof own.residual === 'number') return [{ months: lifeMonths, share: own.residual }];
  const curve = own.residual ?? owning.residual;
  if (own.residual === undefined) {
    const shown = curve.map((share) => `${Math.round(share * 100)} %`).join(', ');
    defaults.use('capacity.own.residual', shown, cardSource(facility, 'owning.residual'));
  }
  return curve.map((share, year) => ({ months: 12 * (year + 1), share }));
}
