import type { FacilityCard } from '../schema/facility.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import type { TransferPlan } from './plan.ts';
import { cardSource } from './provenance.ts';

/** The month's transfers with their tariffs; a way that the facility card does not know has a price. */
export function resolveTransfers(scenario: Scenario, facility: FacilityCard, defaults: Defaults): TransferPlan[] {
  return Object.entries(scenario.transfers ?? {}).flatMap(([way, transfer]) => {
    const { amount, times_per_month: times, free, price } = transfer;
    const bytesPerMonth = amount * times;
    const path = `transfers.${way}`;
    if (price !== undefined) {
      const tiers = [{ upTo: Number.POSITIVE_INFINITY, usdPerGb: price }];
      return [{ way, bytesPerMonth, free: free ?? 0, tiers, source: `scenario: ${path}.price` }];
    }
    const tariff = facility.transfers[way] as FacilityCard['transfers'][string];
    const source = cardSource(facility, `transfers.${way}`);
    const shown = tariff.tiers.map(({ rate }) => rate).join(', ');
    defaults.use(`${path}.price`, shown, source, 'USD/GB');
    const tiers = tariff.tiers.map(({ up_to, rate }) => ({ upTo: up_to ?? Number.POSITIVE_INFINITY, usdPerGb: rate }));
    return [
      { way, bytesPerMonth, free: free ?? defaults.use(`${path}.free`, tariff.free, source, 'B'), tiers, source },
    ];
  });
}
