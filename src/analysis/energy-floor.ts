import { requestBill } from '../api/bill.ts';
import { priceFactor } from '../cost/price-path.ts';
import { type BoardWork, boardShare } from '../energy/power.ts';
import { workAt } from '../fleet/month-power.ts';
import type { OfferPlan, Plan } from '../scenario/plan.ts';
import { instanceGpus, replicaGpus } from '../scenario/replica-gpus.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import { envelopeLimits } from '../serving/envelope.ts';
import { buildReplica, type Replica } from '../serving/replica.ts';
import { inFlight, promptShareOf } from '../serving/steady-state.ts';
import { formatUsdPerMtok, significant } from '../units/format.ts';

/** A replica that is always full and needs no target: its GPUs' work, and requests a second. */
interface FullReplica {
  work: BoardWork;
  requestsPerSecond: number;
}

/** Of replicas asked about before: the points of a sweep share theirs. */
const fullReplicas = new WeakMap<Replica, FullReplica>();

function fullReplica(replica: Replica): FullReplica {
  const known = fullReplicas.get(replica);
  if (known !== undefined) return known;
  const state = envelopeLimits(replica, []).stateAt(1);
  const point = { running: inFlight(state), busy: 1, promptShare: promptShareOf(replica, state) };
  const full = { work: workAt(replica, point).work, requestsPerSecond: state.requestsPerSecond };
  fullReplicas.set(replica, full);
  return full;
}

/**
 * What the electricity of a request costs at least on these GPUs: that of their boards alone, hosts and all else left
 * out, in a replica that is always full and needs no target.
 *
 * A rate that the scenario states is left aside, so that it can be held against this.
 *
 * @returns undefined where the card lists no TDP, or the model fits only because a rate is stated
 */
function energyFloorUsdPerRequest(plan: Plan, served: Replica): number | undefined {
  const { tdp } = plan.gpu;
  const { power } = plan.facility;
  const replica = plan.serving.measuredOutputTokensPerSecond === undefined ? served : buildReplica(plan);
  if (tdp === undefined || replica.kvCapacityTokens === undefined) return undefined;
  const { work, requestsPerSecond } = fullReplica(replica);
  const watts = tdp * boardShare(power, 1, work) * instanceGpus(plan.serving);
  const joules = (watts / requestsPerSecond) * (plan.traffic.mix.samples ?? 1);
  return (joules / 3.6e6) * power.pue * tariffOf(plan);
}

/** USD per kWh: of the site where nodes are owned, else the typical one. */
function tariffOf({ capacity, facility }: Plan): number {
  return capacity.kind === 'own' ? capacity.electricity.value : facility.power.electricity;
}

/** Price of a request that these GPUs' rent comes to if the stated rate is kept up around the clock. */
function statedRentPerRequest(plan: Plan): number | undefined {
  const stated = plan.serving.measuredOutputTokensPerSecond;
  const { capacity } = plan;
  if (stated === undefined || capacity.kind === 'own') return undefined;
  const perSecond = (capacity.usdPerGpuHour * replicaGpus(plan.serving)) / 3600;
  return (perSecond / stated) * requestTokens(plan.traffic.mix).output;
}

/** The first month in which a price, along its path, lies below a floor. */
function firstBelow({ pricePath }: OfferPlan, usd: number, floor: number, months: number): number | undefined {
  for (let month = 1; month <= (pricePath === undefined ? 1 : months); month++) {
    if (usd * priceFactor(pricePath, month) < floor) return month;
  }
  return undefined;
}

/**
 * Prices that a scenario states and that would not pay for the electricity: an API that serves the same model, and a
 * rent at a stated rate. A forecast that falls below this has forgotten that tokens are made of energy.
 */
export function energyFloorWarnings(plan: Plan, replica: Replica): string[] {
  const same = plan.offers.filter((offer) => offer.sameModel);
  const rent = statedRentPerRequest(plan);
  const floor = same.length > 0 || rent !== undefined ? energyFloorUsdPerRequest(plan, replica) : undefined;
  if (floor === undefined) return [];
  const { output, total } = requestTokens(plan.traffic.mix);
  const { pue } = plan.facility.power;
  const electricity = tariffOf(plan);
  const perMtok = (usd: number, tokens: number) => formatUsdPerMtok((usd / tokens) * 1e6);
  const sentence = (what: string, usd: number) =>
    `${what} comes to ${perMtok(usd, total)} USD/Mtok, less than the ${perMtok(floor, total)} that the electricity of full ${plan.gpuName} boards alone costs (${perMtok(floor, output)} an output token; PUE ${significant(pue)}, ${significant(electricity)} USD/kWh); check it`;
  const months = Math.max(...plan.horizonMonths);
  const offers = same.flatMap((offer) => {
    const month = firstBelow(offer, requestBill(offer, plan.traffic.mix).total, floor, months);
    if (month === undefined) return [];
    const usd = requestBill(offer, plan.traffic.mix).total * priceFactor(offer.pricePath, month);
    return [sentence(month === 1 ? offer.name : `${offer.name} in month ${month}`, usd)];
  });
  const isUnpaid = rent !== undefined && rent > 0 && rent < floor;
  return isUnpaid ? [...offers, sentence('the rent at the measured rate', rent)] : offers;
}
