import { explaining, explainMetric, HEADLINE } from '../../analysis/explain/explain.ts';
import { locateProblems } from '../../io/scenario-file.ts';
import { didYouMean } from '../../math/edit-distance.ts';
import { explainMarkdown, explainText } from '../../report/explain-text.ts';
import { METRICS } from '../../schema/metric-table.ts';
import { shown } from '../../schema/printable.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { loadPlan } from '../load-plan.ts';
import { originsOf } from '../origins.ts';
import { type GlobalOptions, result, surfaceOf } from '../output.ts';

type Form = 'text' | 'json' | 'md';

function refuse(message: string): never {
  throw new InputError([{ path: [], message }]);
}

function formOf({ output, json }: GlobalOptions): Form {
  const ending = output === undefined || output === '-' ? 'txt' : /\.([a-z]+)$/i.exec(output)?.[1]?.toLowerCase();
  if (ending !== 'txt' && ending !== 'json' && ending !== 'md') {
    refuse(`cannot tell the form of ${output}; end it in .json, .md or .txt`);
  }
  if (json === true && ending === 'md') refuse(`--json and ${output} ask for two forms; keep one`);
  if (json === true || ending === 'json') return 'json';
  return ending === 'md' ? 'md' : 'text';
}

function knownMetric(name: string): (typeof METRICS)[number]['id'] {
  const ids = METRICS.map((metric) => metric.id);
  const found = ids.find((id) => id === name);
  if (found !== undefined) return found;
  const near = didYouMean(name, ids) || '; "rackrate catalog metrics" lists them';
  return refuse(`there is no metric ${shown(name)}${near}`);
}

function depthOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) refuse(`--depth ${text}: expected a whole number of levels, 0 or more`);
  return Number(text);
}

/** A metric of a scenario, down to datasheets and to the lines of the scenario. */
export async function explainScenario(
  file: string,
  metric: string | undefined,
  options: GlobalOptions & { depth?: string },
): Promise<void> {
  const form = formOf(options);
  const id = knownMetric(metric ?? HEADLINE);
  const depth = depthOf(options.depth);
  const opened = loadPlan(file, options);
  try {
    const explanation = explainMetric(explaining(opened.plan, options.seed ?? 0, originsOf(opened)), id, depth);
    if (form === 'json') return await result(options, JSON.stringify(explanation, undefined, 2));
    if (form === 'md') return await result(options, explainMarkdown(explanation));
    return await result(options, explainText(explanation, surfaceOf(options)));
  } catch (error) {
    if (error instanceof InputError) throw locateProblems(opened.loaded, error);
    if (!(error instanceof InfeasibleError)) throw error;
    throw new InfeasibleError(error.status, `${file}: ${error.message}`);
  }
}
