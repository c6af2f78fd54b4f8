import type { Alternative, SizeQuestion } from '../../analysis/size-search.ts';
import { rankFleets, screenAll } from '../../analysis/size-search.ts';
import { toCsv } from '../../io/csv.ts';
import { locateProblems } from '../../io/scenario-file.ts';
import { type Asked, fleetName, runCommand, settingText, sizeMarkdown, sizeText } from '../../report/size-text.ts';
import type { Cell } from '../../result/columns.ts';
import { share } from '../../schema/fields.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { loadPlan } from '../load-plan.ts';
import { type GlobalOptions, note, result, surfaceOf } from '../output.ts';
import { startProgress } from '../progress.ts';

export interface SizeOptions extends GlobalOptions {
  gpu?: string;
  weights?: string;
  capacity?: string;
  qualityFloor?: string;
  top?: number;
}

/** Fits a screen and leaves room for a choice. */
const DEFAULT_TOP = 8;

type Form = 'text' | 'json' | 'csv' | 'md';

function refuse(message: string): never {
  throw new InputError([{ path: [], message }]);
}

function formOf({ json, output }: GlobalOptions): Form {
  const ending = /\.([a-z]+)$/i.exec(output ?? '')?.[1]?.toLowerCase();
  if (output === undefined || output === '-' || ending === 'txt') return json === true ? 'json' : 'text';
  if (ending !== 'csv' && ending !== 'json' && ending !== 'md') {
    return refuse(`cannot tell the form of ${output}; end it in .csv, .json, .md or .txt`);
  }
  if (json === true && ending !== 'json') return refuse(`--json and ${output} ask for two forms; keep one`);
  return ending;
}

function namesIn(option: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  return names.includes('') ? refuse(`${option} ${text}: expected names with commas between them`) : names;
}

function capacityOf(text: string | undefined): 'rent' | 'own' | undefined {
  if (text === undefined || text === 'rent' || text === 'own') return text;
  return refuse(`--capacity ${text}: expected rent or own`);
}

function floorOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const floor = share().safeParse(/^[\d.]+$/.test(text) ? Number(text) : text);
  return floor.success ? floor.data : refuse(`--quality-floor ${text}: expected a share such as 0.97 or "97 %"`);
}

/** One fleet as a row of machine-readable columns; what cannot be known is null. */
function recordOf({ candidate, settings, result: found, binding }: Alternative) {
  const { metrics } = found;
  return {
    gpu: candidate.gpu,
    tensor_parallel: candidate.layout.tensorParallel,
    pipeline_parallel: candidate.layout.pipelineParallel,
    expert_parallel: candidate.layout.expertParallel,
    attention_data_parallel: candidate.layout.attentionDataParallel,
    weights: candidate.weights,
    quality: candidate.quality ?? null,
    max_batch: found.subject.max_batch,
    replicas: metrics.replicas ?? null,
    gpus: metrics.gpus ?? null,
    capacity: candidate.supply.kind,
    capacity_id: candidate.supply.from ?? null,
    cost_usd_per_month: metrics.cost_usd_per_month ?? null,
    usd_per_mtok_total: metrics.usd_per_mtok_total ?? null,
    price_error: found.price_error,
    ttft_p95_s: metrics.ttft_p95_s ?? null,
    tpot_p95_s: metrics.tpot_p95_s ?? null,
    availability: metrics.availability ?? null,
    binding,
    set: settings.map(settingText),
  };
}

function asCsv(alternatives: readonly Alternative[], asked: Asked): string {
  const rows = alternatives.map((one) => {
    const { set: _, ...columns } = recordOf(one);
    const cells = Object.entries(columns).map(([key, value]): [string, Cell] => [key, value ?? undefined]);
    return Object.fromEntries<Cell>([...cells, ['run', runCommand(asked, one.settings)]]);
  });
  return toCsv(Object.keys(rows[0] as Record<string, Cell>), rows);
}

async function answerOf(question: SizeQuestion, options: SizeOptions) {
  const quiet = options.quiet === true;
  const screening = await startProgress('screen', 100, quiet);
  const screened = screenAll(question, (done, all) => screening.to(Math.round((100 * done) / all)));
  screening.stop();
  const fleets = await startProgress('simulate', 2 * question.top, quiet);
  try {
    return rankFleets(question, screened, fleetName, (done) => fleets.to(Math.min(done, 2 * question.top - 1)));
  } finally {
    fleets.stop();
  }
}

/** The cheapest fleets that meet latency and availability targets, ranked. */
export async function sizeScenario(file: string, options: SizeOptions): Promise<void> {
  const form = formOf(options);
  const choice = {
    gpus: namesIn('--gpu', options.gpu),
    weights: namesIn('--weights', options.weights),
    capacity: capacityOf(options.capacity),
    qualityFloor: floorOf(options.qualityFloor),
  };
  const top = options.top ?? DEFAULT_TOP;
  const { loaded, lookups, plan } = loadPlan(file, options);
  const question = { raw: loaded.raw, scenario: loaded.scenario, lookups, choice, seed: options.seed ?? 0, top };
  const answer = await answerOf(question, options).catch((error: unknown) => {
    if (error instanceof InputError) throw locateProblems(loaded, error);
    if (error instanceof InfeasibleError) throw new InfeasibleError(error.status, `${file}: ${error.message}`);
    throw error;
  });
  if (plan.slo.length === 0)
    note(options, 'warning: the scenario has no latency target; fleets are sized for throughput');
  const asked = { file, name: plan.name, with: options.with, set: options.set, seed: options.seed };
  switch (form) {
    case 'json': {
      const { alternatives, screened, simulated } = answer;
      const record = { schema: 'rackrate.size/v1', screened, simulated, alternatives: alternatives.map(recordOf) };
      return result(options, JSON.stringify(record, undefined, 2));
    }
    case 'csv':
      return result(options, asCsv(answer.alternatives, asked));
    case 'md':
      return result(options, sizeMarkdown(answer, asked));
    case 'text':
      return result(options, sizeText(answer, asked, surfaceOf(options)));
  }
}
