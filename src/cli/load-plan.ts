import { listedPrice } from '../api/listed-prices.ts';
import { openCatalog } from '../io/catalog-folder.ts';
import { openColumns } from '../io/length-file.ts';
import { openModels } from '../io/model-file.ts';
import { type LoadedScenario, locateProblems, readScenario } from '../io/scenario-file.ts';
import type { Plan } from '../scenario/plan.ts';
import { type Lookups, resolveScenario } from '../scenario/resolve.ts';
import { InputError } from '../schema/problem.ts';
import type { GlobalOptions } from './output.ts';

export interface LoadedPlan {
  loaded: LoadedScenario;
  lookups: Lookups;
  plan: Plan;
}

/** The shipped catalog, the pinned price list, and files of lengths that a scenario names. */
export function openLookups(): Lookups {
  return { catalog: openCatalog(), prices: listedPrice, columns: openColumns(), models: openModels() };
}

/** A scenario file as a plan; what is wrong with it is reported where it was written. */
export function loadPlan(
  file: string,
  options: Pick<GlobalOptions, 'set' | 'with'>,
  lookups = openLookups(),
): LoadedPlan {
  const loaded = readScenario(file, options);
  try {
    return { loaded, lookups, plan: resolveScenario(loaded.scenario, loaded.raw, lookups) };
  } catch (error) {
    throw error instanceof InputError ? locateProblems(loaded, error) : error;
  }
}
