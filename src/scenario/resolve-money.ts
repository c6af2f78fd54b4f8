import type { Card, Catalog } from '../catalog/catalog.ts';
import type { FacilityCard } from '../schema/facility.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import type { CapacityPlan, NotCounted, OverheadCharge, PeoplePlan, ReliabilityPlan, RentPlan } from './plan.ts';
import { cardSource, priceDate } from './provenance.ts';

type Facility = FacilityCard;

type RentTerms = NonNullable<Scenario['capacity']['rent']>;

const COMMITMENT_MONTHS = { none: 0, '1 year': 12, '3 years': 36 } as const;

/**
 * The committed price. A price stated beside a commitment is the contract's; with a discount stated too it is the
 * on-demand one, as a rental's own price is.
 */
function reservedPrice(
  rent: RentTerms,
  card: Card<'rental'> | undefined,
  price: number,
  facility: Facility,
  defaults: Defaults,
): { usdPerGpuHour: number; source: string } | undefined {
  if (rent.commitment === 'none') return undefined;
  const isContract = rent.price !== undefined && rent.commitment_discount === undefined;
  if (isContract) return { usdPerGpuHour: price, source: 'scenario: capacity.rent.price' };
  const listed = rent.commitment === '1 year' ? card?.reserved_1_year : card?.reserved_3_years;
  if (rent.commitment_discount === undefined && listed !== undefined && card !== undefined) {
    return {
      usdPerGpuHour: listed,
      source: cardSource(card, rent.commitment === '1 year' ? 'reserved_1_year' : 'reserved_3_years'),
    };
  }
  const typical =
    rent.commitment === '1 year' ? facility.reserved_discount.one_year : facility.reserved_discount.three_years;
  const discount =
    rent.commitment_discount ??
    defaults.use('capacity.rent.commitment_discount', typical, cardSource(facility, 'reserved_discount'));
  const off = `${(discount * 100).toFixed(0)} % off`;
  const base = card === undefined ? 'scenario: capacity.rent.price' : cardSource(card, 'on_demand');
  const basis =
    rent.commitment_discount === undefined
      ? cardSource(facility, 'reserved_discount')
      : 'scenario: capacity.rent.commitment_discount';
  return { usdPerGpuHour: price * (1 - discount), source: `${base}; ${off}: ${basis}` };
}

/** The price and the losses of spot capacity; a price stated beside it is the spot price. */
function spotOf(
  rent: RentTerms,
  card: Card<'rental'> | undefined,
  facility: Facility,
  defaults: Defaults,
): { usdPerGpuHour: number; source: string; spot: NonNullable<RentPlan['spot']> } | undefined {
  if (rent.spot === undefined) return undefined;
  const stated = rent.spot === true ? {} : rent.spot;
  const term = (key: 'losses_per_hour' | 'recovery', unit: string) =>
    stated[key] ??
    defaults.use(`capacity.rent.spot.${key}`, facility.spot[key], cardSource(facility, `spot.${key}`), unit);
  const spot = { lossesPerHour: term('losses_per_hour', '1/h'), recoveryHours: term('recovery', 'h') };
  if (rent.price !== undefined) return { usdPerGpuHour: rent.price, source: 'scenario: capacity.rent.price', spot };
  if (card?.spot !== undefined) return { usdPerGpuHour: card.spot, source: cardSource(card, 'spot'), spot };
  const discount = defaults.use(
    'capacity.rent.spot.discount',
    facility.spot.discount,
    cardSource(facility, 'spot.discount'),
  );
  const off = `${(discount * 100).toFixed(0)} % off: ${cardSource(facility, 'spot.discount')}`;
  const base = card === undefined ? '' : `${cardSource(card, 'on_demand')}; `;
  return { usdPerGpuHour: (card?.on_demand ?? 0) * (1 - discount), source: `${base}${off}`, spot };
}

export function resolveRent(
  scenario: Scenario,
  rent: RentTerms,
  catalog: Catalog,
  facility: Facility,
  defaults: Defaults,
  problems: Problem[],
): RentPlan {
  const card = rent.id === undefined ? undefined : (catalog.find('rental', rent.id) as Card<'rental'>);
  const { gpu } = scenario.serving;
  if (card !== undefined && typeof gpu === 'string' && catalog.find('gpu', gpu)?.id !== card.gpu) {
    problems.push({ path: ['capacity', 'rent', 'id'], message: `${card.id} rents ${card.gpu}, not ${gpu}` });
  }
  const onDemand = rent.price ?? card?.on_demand ?? 0;
  defaults.use('capacity.rent.commitment', rent.commitment, 'on demand');
  if (rent.price_path === undefined) {
    defaults.use('rent over time', 'flat', 'rents have risen and fallen since 2023; no path is more likely than flat');
  }
  const unit =
    rent.gpus_per_instance ?? (rent.billing_unit === undefined ? undefined : Number.parseInt(rent.billing_unit, 10));
  const reserved = reservedPrice(rent, card, onDemand, facility, defaults);
  const spot = spotOf(rent, card, facility, defaults);
  return {
    kind: 'rent',
    usdPerGpuHour: onDemand,
    ...(reserved === undefined ? {} : { reserved }),
    commitmentMonths: COMMITMENT_MONTHS[rent.commitment],
    priceDates: card === undefined || rent.price !== undefined ? [] : priceDate(card, 'on_demand'),
    ...(rent.price_path === undefined ? {} : { pricePath: rent.price_path }),
    gpusPerBillingUnit: unit ?? card?.gpus_per_instance ?? 1,
    source:
      card === undefined || rent.price !== undefined ? 'scenario: capacity.rent.price' : cardSource(card, 'on_demand'),
    ...spot,
  };
}

export function resolvePeople(scenario: Scenario, defaults: Defaults): PeoplePlan | undefined {
  const { people } = scenario;
  if (people === undefined) return undefined;
  const rate = people.rate ?? 0;
  const setup = typeof people.setup === 'object' ? people.setup.hours * rate : (people.setup ?? 0);
  if (people.rate_path === undefined) defaults.use('wages over time', 'flat', 'no rate_path given');
  return {
    setupUsd: setup,
    hoursPerMonth: people.hours_per_month,
    usdPerHour: rate,
    ...(people.rate_path === undefined ? {} : { ratePath: people.rate_path }),
    ...(people.amortize_months === undefined ? {} : { amortizeMonths: people.amortize_months }),
  };
}

function typicalCharges(facility: Facility, line: Facility['overheads'][number]): OverheadCharge[] {
  return line.charges.map((charge) => ({
    id: line.id,
    label: line.label,
    group: line.group,
    per: charge.per,
    times: charge.times,
    usd: charge.rate,
    source: cardSource(facility, 'overheads'),
  }));
}

/**
 * Overhead lines that count, and those left out with their typical charges.
 *
 * The scenario's own people block replaces the typical people line: people are never counted twice.
 */
export function resolveOverheads(
  scenario: Scenario,
  facility: Facility,
): { counted: OverheadCharge[]; notCounted: NotCounted[] } {
  const { overheads } = scenario;
  const counted: OverheadCharge[] = [];
  const notCounted: NotCounted[] = [];
  const asked = typeof overheads === 'string' ? undefined : overheads;
  for (const line of facility.overheads) {
    const replaced = line.group === 'people' && scenario.people !== undefined && asked?.[line.id] === undefined;
    if (replaced) continue;
    const choice = asked === undefined ? overheads : (asked[line.id] ?? 'none');
    if (choice === 'typical') counted.push(...typicalCharges(facility, line));
    else if (choice === 'none')
      notCounted.push({ id: line.id, label: line.label, charges: typicalCharges(facility, line) });
  }
  for (const [id, choice] of Object.entries(asked ?? {})) {
    if (typeof choice !== 'number') continue;
    const known = facility.overheads.find((line) => line.id === id);
    counted.push({
      id,
      label: known?.label ?? id,
      group: known?.group ?? 'software',
      per: 'month',
      times: 1,
      usd: choice,
      source: `scenario: overheads.${id}`,
    });
  }
  return { counted, notCounted };
}

/**
 * Share of time that a replica on spot instances keeps all of them: MTBF/(MTBF + MTTR), a loss of any one taking the
 * replica. 1 where capacity stays.
 */
function keptOnSpot(capacity: CapacityPlan, gpus: number): number {
  if (capacity.kind === 'own' || capacity.spot === undefined) return 1;
  const instances = Math.ceil(gpus / capacity.gpusPerBillingUnit);
  return 1 / (1 + capacity.spot.lossesPerHour * instances * capacity.spot.recoveryHours);
}

/**
 * Availability of one replica: given, or MTBF/(MTBF + MTTR) from the facility's failure rate per GPU and its mixture of
 * repairs. A failed GPU takes all GPUs of its instance with it. Losses of spot capacity come on top.
 */
export function resolveReliability(
  scenario: Scenario,
  capacity: CapacityPlan,
  facility: Facility,
  defaults: Defaults,
): ReliabilityPlan | undefined {
  const { reliability } = scenario;
  const { tensor_parallel, pipeline_parallel, attention_data_parallel } = scenario.serving;
  const gpus = tensor_parallel * pipeline_parallel * attention_data_parallel;
  const kept = keptOnSpot(capacity, gpus);
  if (reliability === undefined) {
    defaults.use('reliability', 'none', 'no redundancy and no failures: nothing is ever down but spot capacity');
    return kept === 1 ? undefined : { zones: 1, replicaAvailability: kept, basis: 'capacity.rent.spot' };
  }
  const { failures } = facility;
  const perGpuHour = failures.per_1000_node_days / 1000 / 24 / failures.gpus_per_node;
  const repairHours = failures.repairs.reduce((sum, repair) => sum + repair.share * repair.duration, 0);
  const downPerUp = perGpuHour * gpus * repairHours;
  const computed = 1 / (1 + downPerUp);
  return {
    zones: defaults.use('reliability.zones', reliability.zones, 'one zone'),
    replicaAvailability:
      kept *
      (reliability.replica_availability ??
        defaults.use('reliability.replica_availability', computed, cardSource(facility, 'failures'))),
    basis:
      reliability.replica_availability === undefined
        ? cardSource(facility, 'failures')
        : 'scenario: reliability.replica_availability',
    ...(reliability.availability === undefined ? {} : { targetAvailability: reliability.availability }),
  };
}
