import { callsPerRequest, meanPrices, requestBill } from '../../api/bill.ts';
import type { LedgerLine } from '../../cost/ledger.ts';
import { totalUsd } from '../../cost/ledger.ts';
import { ownLoadedUsd } from '../../result/metrics.ts';
import type { OfferPlan, OverheadCharge } from '../../scenario/plan.ts';
import { baselineOffer } from '../month-bill.ts';
import { type Formula, formula, joined, type NumberSource } from './explanation.ts';
import { billingUnitNode, gpusNode, hoursNode } from './fleet-nodes.ts';
import { ownParts } from './own-bill-nodes.ts';
import { cardFieldSource, cardOf, facilitySource, settingSource, statedSource } from './provenance.ts';
import { inputNode, outputNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { fateNode, servedNode } from './served-nodes.ts';
import { modelBytesNode } from './weight-nodes.ts';

/** A source written as one phrase, as `cardSource` writes it. */
function phraseSource(text: string): NumberSource {
  const [, note, ref, as_of, basis] = /^([^:]+): (.+), (\d{4}-\d{2}(?:-\d{2})?) \((\w+)\)$/.exec(text) ?? [];
  const isKnown = BASES.find((known) => known === basis);
  if (note === undefined || ref === undefined || as_of === undefined || isKnown === undefined) {
    return { basis: 'quoted', ref: text };
  }
  return { basis: isKnown, ref, as_of, note };
}

const BASES = ['datasheet', 'measured', 'quoted', 'estimated', 'fitted', 'recalled'] as const;

/** One of the sources that a line names: a place of the scenario by its path, or a card's words. */
function namedSource(e: Explaining, text: string): NumberSource {
  const path = /^scenario: (\S+)$/.exec(text)?.[1]?.split('.');
  if (path === undefined) return phraseSource(text);
  return statedSource(e.origins, path) ?? { basis: 'scenario', ref: text };
}

/** The source of a line; the first that is known, where a product of two names both. */
function lineSource(e: Explaining, text: string): NumberSource {
  const sources = text.split('; ').map((part) => namedSource(e, part));
  return sources.find(({ basis, as_of }) => basis === 'scenario' || as_of !== undefined) ?? namedSource(e, text);
}

type Rent = NonNullable<Explaining['origins']['scenario']['capacity']['rent']>;

/** Price of a GPU-hour on demand: stated, or the rental's. */
function onDemandNode(e: Explaining, rent: Rent): string {
  const { plan, origins } = { ...e, ...e.facts };
  const quantity = { id: 'rent_on_demand_rate', label: 'price of a GPU-hour', unit: 'USD/h' };
  const card = rent.id === undefined ? undefined : cardFieldSource(cardOf(origins, 'rental', rent.id), 'on_demand');
  const value = plan.capacity.kind === 'rent' ? plan.capacity.usdPerGpuHour : 0;
  return e.table.stated({ ...quantity, value }, settingSource(origins, plan, ['capacity', 'rent', 'price'], card));
}

/** Price of a committed GPU-hour: the contract's, the rental's, or a discount off the one on demand. */
function reservedNode(e: Explaining, rent: Rent, value: number): string {
  const { plan, origins } = { ...e, ...e.facts };
  const quantity = { id: 'rent_reserved_rate', label: 'price of a committed GPU-hour', unit: 'USD/h', value };
  const [field, typical] =
    rent.commitment === '1 year'
      ? (['reserved_1_year', 'reserved_discount.one_year'] as const)
      : (['reserved_3_years', 'reserved_discount.three_years'] as const);
  const card = rent.id === undefined ? undefined : cardOf(origins, 'rental', rent.id);
  const isContract = rent.price !== undefined && rent.commitment_discount === undefined;
  if (isContract) return e.table.stated(quantity, settingSource(origins, plan, ['capacity', 'rent', 'price']));
  if (rent.commitment_discount === undefined && card?.[field] !== undefined) {
    return e.table.stated(quantity, cardFieldSource(card, field));
  }
  return e.table.computed(quantity, () => {
    const base = onDemandNode(e, rent);
    const off = rent.commitment_discount ?? 1 - value / e.table.get(base).value;
    const path = ['capacity', 'rent', 'commitment_discount'];
    const discount = e.table.stated(
      { id: 'commitment_discount', label: 'discount for a commitment', unit: 'share', value: off },
      settingSource(origins, plan, path, facilitySource(origins, typical)),
    );
    return formula`${base} * (1 - ${discount})`;
  });
}

interface LineParts {
  quantity: Formula;
  rate: Formula;
}

function rentParts(e: Explaining, entry: LedgerLine): LineParts | undefined {
  const { rent } = e.origins.scenario.capacity;
  if (rent === undefined) return undefined;
  const capacity = e.facts.lines.filter((other) => other.id.startsWith('rent.'));
  if (entry.id === 'rent.reserved') {
    return {
      quantity: formula`${gpusNode(e)} * ${hoursNode(e)}`,
      rate: formula`${reservedNode(e, rent, entry.rate)}`,
    };
  }
  if (entry.id !== 'rent.on_demand' || capacity.length > 1) return undefined;
  return { quantity: formula`${gpusNode(e)} * ${hoursNode(e)}`, rate: formula`${onDemandNode(e, rent)}` };
}

function overheadQuantity(e: Explaining, charge: OverheadCharge): Formula {
  const { plan, origins } = { ...e, ...e.facts };
  const times =
    charge.times === 1
      ? undefined
      : e.table.stated(
          { id: `${idOf(charge)}_times`, label: `${charge.label}: how many`, unit: '', value: charge.times },
          facilitySource(origins, 'overheads'),
        );
  const by = times === undefined ? formula`` : formula` * ${times}`;
  switch (charge.per) {
    case 'month':
      return times === undefined ? formula`1` : formula`${times}`;
    case 'GPU-month':
      return formula`${gpusNode(e)}${by}`;
    case 'output GB': {
      const bytes = e.table.stated(
        { id: 'bytes_per_token', label: 'bytes of text in a token', unit: 'B', value: plan.facility.bytes_per_token },
        facilitySource(origins, 'bytes_per_token'),
      );
      return formula`${servedNode(e)} * ${outputNode(e)} * ${bytes} / 1e9${by}`;
    }
    case 'weight GB-month':
      return formula`${modelBytesNode(e)} / 1e9${by}`;
    case 'FTE-year':
      return times === undefined ? formula`1 / 12` : formula`${times} / 12`;
  }
}

const idOf = ({ id, per }: OverheadCharge) => `${id}_${per}`.replaceAll(/[^A-Za-z0-9]+/g, '_');

function overheadParts(e: Explaining, entry: LedgerLine): LineParts | undefined {
  const isItsCharge = (one: OverheadCharge) => one.id === entry.id && one.per === entry.unit && one.usd === entry.rate;
  const charge = e.facts.plan.overheads.find(isItsCharge);
  if (charge === undefined) return undefined;
  const source = statedSource(e.origins, ['overheads', charge.id]);
  const isOwn = charge.source.startsWith('scenario: ');
  const rate = e.table.stated(
    { id: `${idOf(charge)}_rate`, label: `${charge.label}, per ${charge.per}`, unit: 'USD', value: charge.usd },
    isOwn && source !== undefined ? source : facilitySource(e.origins, 'overheads'),
  );
  return { quantity: overheadQuantity(e, charge), rate: formula`${rate}` };
}

function peopleParts(e: Explaining, entry: LedgerLine): LineParts | undefined {
  const { plan, origins } = { ...e, ...e.facts };
  const setting = (key: string, label: string, unit: string, value: number) =>
    e.table.stated({ id: `people_${key}`, label, unit, value }, settingSource(origins, plan, ['people', key]));
  const rate = () => setting('rate', 'an hour of work', 'USD/h', plan.people?.usdPerHour ?? 0);
  if (entry.id === 'people' && entry.unit === 'h') {
    const hours = setting('hours_per_month', 'hours of work a month', 'h', entry.quantity);
    return { quantity: formula`${hours}`, rate: formula`${rate()}` };
  }
  if (entry.id !== 'setup') return undefined;
  const over = setting(
    'amortize_months',
    'months that the set-up is spread over',
    '',
    plan.people?.amortizeMonths ?? 1,
  );
  const { setup } = origins.scenario.people ?? {};
  const cost =
    typeof setup === 'object'
      ? formula`${setting('setup', 'hours of set-up', 'h', setup.hours)} * ${rate()}`
      : formula`${setting('setup', 'set-up', 'USD', entry.rate)}`;
  return { quantity: formula`1 / ${over}`, rate: cost };
}

function offerPrice(e: Explaining, offer: OfferPlan, key: string, label: string, value: number, unit: string): string {
  const index = e.facts.plan.offers.indexOf(offer);
  const field = { input: 'input', output: 'output', cached: 'cached_input', share: 'cached_input_share' }[key] ?? key;
  const stated = statedSource(e.origins, ['compare', index, field]);
  const listed: NumberSource = { basis: 'quoted', ref: offer.source, as_of: offer.asOf };
  return e.table.stated({ id: `api_${key}`, label: `${offer.name}: ${label}`, unit, value }, stated ?? listed);
}

type OfferNumber = (key: string, label: string, value: number, unit?: string) => string;

/** Tokens of a kind as the API counts them: the scenario's, times its factor where it has one. */
function apiCount(tokens: string, factor: number | undefined, key: string, price: OfferNumber): Formula {
  if (factor === undefined || factor === 1) return formula`${tokens}`;
  return formula`${tokens} * ${price(key, 'its tokens for one of these', factor, '')}`;
}

/** Input of a request at an API: past its cache, into it and out of it; USD per million requests. */
function apiInput(e: Explaining, offer: OfferPlan, price: OfferNumber): Formula {
  const mean = meanPrices(offer, e.facts.plan.traffic.mix);
  const prompt = apiCount(inputNode(e), offer.inputFactor, 'input_factor', price);
  const share = price('share', 'share of input read from its cache', offer.cachedInputShare, 'share');
  const read = formula`${share} * ${price('cached', 'cached input', mean.cachedInputUsdPerMtok)}`;
  const input = price('input', 'input', mean.inputUsdPerMtok);
  const { cacheWriteShare } = offer;
  if (cacheWriteShare === undefined) return formula`${prompt} * ((1 - ${share}) * ${input} + ${read})`;
  const written = price('cache_write_share', 'share of input written to its cache', cacheWriteShare, 'share');
  const write = formula`${written} * ${price('cache_write', 'writing to the cache', mean.cacheWriteUsdPerMtok)}`;
  const kept =
    offer.cacheStorage === undefined
      ? formula`0`
      : formula`${written} * ${price('cache_hours', 'hours it keeps what was written', offer.cacheStorage.hours, 'h')} * ${price('cache_storage', 'keeping it', offer.cacheStorage.usdPerMtokHour, 'USD/Mtok/h')} * (1 - ${price('failure', 'chance that a charged call fails', offer.failure, 'share')})`;
  return formula`${prompt} * ((1 - ${share} - ${written}) * ${input} + ${write} + ${read} + ${kept})`;
}

function apiOutput(e: Explaining, offer: OfferPlan, price: OfferNumber): Formula {
  const mean = meanPrices(offer, e.facts.plan.traffic.mix);
  const answer = apiCount(outputNode(e), offer.outputFactor, 'output_factor', price);
  const usd = price('output', 'output', mean.outputUsdPerMtok);
  const { reasoningRatio = 0 } = offer;
  if (reasoningRatio === 0) return formula`${answer} * ${usd}`;
  const hidden = price('reasoning_ratio', 'hidden tokens for each of the answer', reasoningRatio, '');
  return formula`${answer} * (1 + ${hidden}) * ${usd}`;
}

/** A request at the API that takes what the own fleet cannot. */
function overflowParts(e: Explaining, entry: LedgerLine): LineParts | undefined {
  const { plan } = e.facts;
  const offer = baselineOffer(plan);
  if (entry.id !== 'overflow.api' || offer === undefined) return undefined;
  const price: OfferNumber = (key, label, value, unit = 'USD/Mtok') => offerPrice(e, offer, key, label, value, unit);
  const quantity = { id: 'api_request', label: `a request at ${offer.name}`, unit: 'USD' };
  const rate = e.table.computed({ ...quantity, value: requestBill(offer, plan.traffic.mix).total }, () => {
    const times = (1 - offer.batchDiscount) * callsPerRequest(offer).billed;
    const tokens = formula`(${apiInput(e, offer, price)} + ${apiOutput(e, offer, price)})`;
    const sum = formula`${tokens} / 1e6 + ${price('per_request', 'fee a call', offer.usdPerRequest, 'USD')}`;
    if (times === 1) return sum;
    const discount = price('batch_discount', 'discount of its batch price', offer.batchDiscount, 'share');
    const failure = price('failure', 'chance that a charged call fails', offer.failure, 'share');
    return formula`(1 - ${discount}) / (1 - ${failure}) * (${sum})`;
  });
  return { quantity: formula`${fateNode(e, 'overflow')}`, rate: formula`${rate}` };
}

/** What owned nodes are counted by; undefined for any other line. */
function ownQuantity(e: Explaining, entry: LedgerLine): Formula | undefined {
  const isByNode = entry.id.startsWith('own.') && entry.unit === 'node-month';
  return isByNode ? formula`${gpusNode(e)} / ${billingUnitNode(e)}` : undefined;
}

/** A line whose quantity is explained no further than the bill does. */
function plainParts(e: Explaining, id: string, entry: LedgerLine): LineParts {
  const source = lineSource(e, entry.source);
  const quantity = { id: `${id}_quantity`, label: `${entry.label}: quantity`, unit: entry.unit, value: entry.quantity };
  const rate = { id: `${id}_rate`, label: `${entry.label}, per ${entry.unit}`, unit: 'USD', value: entry.rate };
  return {
    quantity: ownQuantity(e, entry) ?? formula`${e.table.stated(quantity, source)}`,
    rate: formula`${e.table.stated(rate, source)}`,
  };
}

/** One line of month 1's bill. */
function lineNode(e: Explaining, entry: LedgerLine): string {
  const same = e.facts.lines.filter((other) => other.id === entry.id);
  const word = `bill_${entry.id}`.replaceAll(/[^A-Za-z0-9]+/g, '_');
  const isOnlyOfUnit = same.filter(({ unit }) => unit === entry.unit).length === 1;
  const which = isOnlyOfUnit ? `per_${entry.unit.replaceAll(/[^A-Za-z0-9]+/g, '_')}` : same.indexOf(entry) + 1;
  const id = same.length === 1 ? word : `${word}_${which}`;
  return e.table.computed({ id, label: entry.label, unit: 'USD', value: entry.amount }, () => {
    const known =
      rentParts(e, entry) ??
      ownParts(e, entry, (text) => lineSource(e, text)) ??
      overheadParts(e, entry) ??
      peopleParts(e, entry) ??
      overflowParts(e, entry);
    const { quantity, rate } = known ?? plainParts(e, id, entry);
    return formula`${quantity} * ${rate}`;
  });
}

function sumNode(e: Explaining, id: string, label: string, value: number, entries: readonly LedgerLine[]): string {
  return e.table.computed({ id, label, unit: 'USD', value }, () =>
    joined(
      entries.map((entry) => lineNode(e, entry)),
      ' + ',
    ),
  );
}

const isLoaded = (entry: LedgerLine) => entry.basis.includes('loaded');

/** Loaded cost of month 1 without what an API takes. */
export function ownCostNode(e: Explaining): string {
  const own = e.facts.lines.filter((entry) => isLoaded(entry) && entry.group !== 'overflow');
  return sumNode(e, 'own_cost', 'own cost of the month', ownLoadedUsd(e.facts.lines), own);
}

export function costNode(e: Explaining): string {
  const { lines } = e.facts;
  const label = 'loaded cost of the month';
  return sumNode(e, 'cost_usd_per_month', label, totalUsd(lines, 'loaded'), lines.filter(isLoaded));
}

/** Mean price of a GPU-hour on the bill. */
export function gpuHourNode(e: Explaining, value: number): string {
  const capacity = e.facts.lines.filter((entry) => entry.group === 'capacity' && isLoaded(entry));
  const quantity = { id: 'mean_gpu_hour', label: 'capacity price of a GPU-hour, mean', unit: 'USD/h', value };
  return e.table.computed(quantity, () => {
    const rents = joined(
      capacity.map((entry) => lineNode(e, entry)),
      ' + ',
    );
    return formula`(${rents}) / (${gpusNode(e)} * ${hoursNode(e)})`;
  });
}
