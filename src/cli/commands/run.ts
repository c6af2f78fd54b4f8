import { simulate } from '../../result/simulate.ts';
import { loadPlan } from '../load-plan.ts';
import { type GlobalOptions, result } from '../output.ts';

/** Answers a scenario: on screen, as JSON, or into a file. */
export async function runScenario(file: string, options: GlobalOptions): Promise<void> {
  const { loaded, plan } = loadPlan(file, options);
  const found = simulate(plan, options.seed ?? 0);
  const record = { ...found, scenario: { path: loaded.path, sha256: loaded.sha256 } };
  await result(options, JSON.stringify(record, undefined, 2));
}
