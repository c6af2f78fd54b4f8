import { didYouMean } from '../math/edit-distance.ts';
import { shown } from '../schema/printable.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { OfferPlan } from './plan.ts';

/** Assertions about offers and horizons that the scenario does not have, and so could only ever fail. */
export function assertionProblems(scenario: Scenario, offers: readonly OfferPlan[]): Problem[] {
  const problems: Problem[] = [];
  const names = offers.map((offer) => offer.name);
  scenario.assert.forEach((claim, index) => {
    if (!('verdict' in claim)) return;
    const refuse = (key: string, message: string) => problems.push({ path: ['assert', index, key], message });
    const { horizon, against } = claim;
    if (scenario.compare.length === 0) refuse('verdict', 'needs an offer under compare to be judged against');
    else if (against !== undefined && !names.includes(against)) {
      refuse('against', `no offer under compare is called ${shown(against)}${didYouMean(against, names)}`);
    }
    if (horizon !== undefined && !scenario.horizons.includes(horizon)) {
      refuse('horizon', `${horizon} months are none of the horizons, which are ${scenario.horizons.join(', ')} months`);
    }
  });
  return problems;
}
