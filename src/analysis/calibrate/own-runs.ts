import type { Plan } from '../../scenario/plan.ts';
import { replicaGpus } from '../../scenario/replica-gpus.ts';
import { InputError } from '../../schema/problem.ts';
import { metricNamed } from '../accuracy/metric.ts';
import type { OwnBenchmark } from './own-benchmark.ts';
import type { OwnRun } from './own-fit.ts';

type Block = Readonly<Record<string, unknown>>;
const isBlock = (value: unknown): value is Block =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Any load does: a benchmark brings its own. */
const REQUESTS_PER_DAY = 1000;

/** Blocks that ask something of the traffic that a benchmark does not send. */
const LEFT_OUT = ['compare', 'assert', 'slo', 'reliability', 'overrides', 'extends'];

/**
 * The scenario as it stood while it was measured: its deployment without earlier factors or rates of its own, under the
 * benchmark's requests.
 */
export function measuredScenario(raw: unknown, benchmark: Pick<OwnBenchmark, 'input' | 'output'>): unknown {
  if (!isBlock(raw)) return raw;
  const { calibrated: _, measured: __, ...serving } = isBlock(raw['serving']) ? raw['serving'] : {};
  const kept = Object.entries(raw).filter(([key]) => !LEFT_OUT.includes(key));
  const traffic = {
    requests_per_day: REQUESTS_PER_DAY,
    input_tokens: Math.max(1, benchmark.input),
    output_tokens: Math.max(1, benchmark.output),
  };
  return { ...Object.fromEntries(kept), serving: { ...serving, replicas: 1 }, traffic };
}

/**
 * A benchmark as a run that can be played.
 *
 * @param plan of `measuredScenario`
 * @param replicas that answered it side by side
 */
export function ownRun(benchmark: OwnBenchmark, plan: Plan, replicas: number): OwnRun {
  const { serving } = plan;
  if (serving.scheduling.kind === 'disaggregated') {
    const message = 'a benchmark of two pools does not tell their times apart; calibrate a scenario of one of them';
    throw new InputError([{ path: ['serving', 'scheduling'], message }]);
  }
  const { input, output, load } = benchmark;
  return {
    plan,
    run: {
      model: plan.modelName,
      gpu: plan.gpuName,
      engine: plan.engineName,
      gpus: replicas * replicaGpus(serving),
      tensorParallel: serving.tensorParallel,
      stages: serving.pipelineParallel,
      expertParallel: serving.expertParallel,
      attentionRanks: serving.attentionDataParallel,
      copies: replicas,
      weights: serving.weights,
      kvCache: serving.kvCache,
      input,
      output,
      spread: { low: 1, high: 1 },
      load,
      settings: {},
    },
    values: benchmark.values.flatMap(({ metric: name, value: measured }) => {
      const metric = metricNamed(name);
      return metric === undefined ? [] : [{ name, metric, measured }];
    }),
  };
}
