import { type LoadedScenario, locateProblems, readScenario } from '../io/scenario-file.ts';
import { openLookups } from '../run/open-lookups.ts';
import type { Plan } from '../scenario/plan.ts';
import { type Lookups, resolveScenario } from '../scenario/resolve.ts';
import { InputError } from '../schema/problem.ts';
import type { GlobalOptions } from './output.ts';

export interface LoadedPlan {
  loaded: LoadedScenario;
  lookups: Lookups;
  plan: Plan;
}

/** A scenario file as a plan; what is wrong with it is reported where it was written. */
export function loadPlan(
  file: string,
  options: Pick<GlobalOptions, 'set' | 'with'>,
  lookups = openLookups(),
): LoadedPlan {
  const loaded = readScenario(file, options, lookups);
  try {
    return { loaded, lookups, plan: resolveScenario(loaded.scenario, loaded.raw, lookups) };
  } catch (error) {
    throw error instanceof InputError ? locateProblems(loaded, error) : error;
  }
}
