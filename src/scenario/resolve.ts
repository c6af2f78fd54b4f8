import type { Card } from '../catalog/catalog.ts';
import { InputError, type Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import { collectDefaults, type Defaults } from './defaults.ts';
import type { Lookups } from './lookups.ts';
import type { Plan } from './plan.ts';
import { catalogDate, referenceProblems } from './references.ts';
import { assertionProblems } from './resolve-assertions.ts';
import { resolveCapacity } from './resolve-capacity.ts';
import { resolveEvidence } from './resolve-evidence.ts';
import { resolveOverheads, resolvePeople, resolveReliability } from './resolve-money.ts';
import { resolveOffers } from './resolve-offers.ts';
import { resolveEngine, resolveGpu, resolveModel, resolveServing } from './resolve-serving.ts';
import { resolveSlo, resolveTraffic } from './resolve-traffic.ts';
import { resolveTransfers } from './resolve-transfers.ts';
import { servedModel } from './served-model.ts';

function noteConventions(scenario: Scenario, facility: Card<'facility'>, defaults: Defaults): void {
  defaults.use('hours_per_month', scenario.hours_per_month, 'a twelfth of 8,760 h');
  defaults.use('horizons', scenario.horizons.join(', '), 'months');
  defaults.use('facility', facility.id, 'power, failures and typical costs of this card');
}

export type { Lookups };

/**
 * Turns a valid scenario into a plan: every name looked up, every default filled in and noted, every number in base
 * units.
 *
 * @param raw the scenario as written, to tell what was stated from what was filled in
 * @throws InputError with every unknown name and every contradiction
 */
export function resolveScenario(scenario: Scenario, raw: unknown, lookups: Lookups): Plan {
  const { catalog } = lookups;
  const unknown = referenceProblems(scenario, lookups);
  if (unknown.length > 0) throw new InputError(unknown);

  const defaults = collectDefaults(raw);
  const problems: Problem[] = [];
  const facility = catalog.find('facility', scenario.facility) as Card<'facility'>;
  const start = scenario.start ?? defaults.use('start', catalogDate(facility), 'the catalog');
  noteConventions(scenario, facility, defaults);

  const { name: modelName, model: card, native } = resolveModel(scenario, lookups);
  const model = servedModel(scenario.serving, card, problems);
  const { name: gpuName, gpu } = resolveGpu(scenario, catalog);
  const { card: engineCard, ...engine } = resolveEngine(scenario, catalog);
  const evidence = resolveEvidence(scenario, catalog, { model, gpu }, engineCard);
  const serving = resolveServing(
    scenario,
    catalog,
    { model, native, gpu, engine: engineCard, calibration: engine.calibration },
    defaults,
    problems,
  );
  const traffic = resolveTraffic(scenario, lookups, start, model.max_context, defaults, problems);
  const capacity = resolveCapacity(scenario, catalog, facility, gpu, defaults, problems);
  const people = resolvePeople(scenario, defaults);
  const offers = resolveOffers(scenario, catalog, traffic, start, lookups.prices, defaults, problems);
  const overheads = resolveOverheads(scenario, facility);
  const transfers = resolveTransfers(scenario, facility, defaults);
  const reliability = resolveReliability(scenario, capacity.plan, facility, defaults);
  problems.push(...assertionProblems(scenario, offers));
  if (problems.length > 0) throw new InputError(problems);

  return {
    name: scenario.name,
    start,
    hoursPerMonth: scenario.hours_per_month,
    modelName,
    model,
    gpuName,
    gpu,
    ...engine,
    ...(evidence === undefined ? {} : { evidence }),
    facility: { power: { ...facility.power, pue: capacity.pue }, bytes_per_token: facility.bytes_per_token },
    serving,
    traffic,
    slo: resolveSlo(scenario.slo),
    capacity: capacity.plan,
    ...(people === undefined ? {} : { people }),
    ...(reliability === undefined ? {} : { reliability }),
    overheads: overheads.counted,
    transfers,
    notCounted: overheads.notCounted,
    offers,
    horizonMonths: [...new Set(scenario.horizons)].sort((a, b) => a - b),
    discountRate: scenario.discount_rate ?? defaults.use('discount_rate', facility.discount_rate, facility.id),
    defaultsUsed: defaults.list(),
    assertions: scenario.assert,
  };
}
