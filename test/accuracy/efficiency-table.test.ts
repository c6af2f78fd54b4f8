import { describe, expect, test } from 'vitest';
import { closedFormFigures } from '../../src/analysis/accuracy/closed-form-run.ts';
import type { MeasuredRun } from '../../src/analysis/accuracy/measured-run.ts';
import { planOfRun } from '../../src/analysis/accuracy/run-plan.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { kvBytesPerSequence } from '../../src/model/kv-cache.ts';
import type { KvFormat, WeightFormat } from '../../src/schema/model.ts';
import { buildReplica } from '../../src/serving/replica.ts';

/** One measured configuration: what ran, on what, with how many requests in flight. */
interface Run {
  model: string;
  gpu: string;
  engine: string;
  tensorParallel: number;
  weights: WeightFormat;
  kvCache: KvFormat;
  input: number;
  output: number;
  inFlight: number;
}

/**
 * Share of the nominal memory bandwidth that decoding reaches at small batches: bytes of weights and cache a GPU reads
 * in a step, over the measured time of the step and the nominal bandwidth. Weights count at their nominal width.
 *
 * Four in flight, 1024 tokens in and out at 0.9 of nominal: SemiAnalysis InferenceX runs of 2025 and 2026, as listed
 * in ai-dynamo/aiconfigurator. One sequence of 1024 in and out: Argonne's LLM-Inference-Bench of 2024.
 */
const INFERENCEX: Pick<Run, 'model' | 'kvCache' | 'input' | 'output' | 'inFlight'> = {
  model: 'llama-3.3-70b',
  kvCache: 'fp8',
  input: 922,
  output: 922,
  inFlight: 4,
};
const ARGONNE: typeof INFERENCEX = { model: 'llama-3.1-8b', kvCache: 'fp16', input: 1024, output: 1024, inFlight: 1 };

const TABLE: readonly { run: Omit<Run, 'tensorParallel'>; shares: readonly number[] }[] = [
  {
    run: { ...INFERENCEX, engine: 'tensorrt-llm', gpu: 'h200-sxm-141gb', weights: 'fp8' },
    shares: [0.71, 0.6, 0.45, 0.29],
  },
  { run: { ...INFERENCEX, engine: 'vllm', gpu: 'h200-sxm-141gb', weights: 'fp8' }, shares: [0.67, 0.52, 0.37, 0.23] },
  {
    run: { ...INFERENCEX, engine: 'tensorrt-llm', gpu: 'b200-sxm-180gb', weights: 'nvfp4' },
    shares: [0.4, 0.28, 0.18, 0.1],
  },
  { run: { ...ARGONNE, engine: 'vllm-2024', gpu: 'a100-sxm4-40gb', weights: 'fp16' }, shares: [0.71, 0.54, 0.38] },
];

const BITS: Readonly<Record<string, number>> = { fp16: 16, fp8: 8, nvfp4: 4 };

const catalog = openCatalog();

function measuredRun({ inFlight, ...run }: Run): MeasuredRun {
  return {
    ...run,
    gpus: run.tensorParallel,
    stages: 1,
    copies: 1,
    spread: { low: 1, high: 1 },
    load: { kind: 'closed', users: inFlight, rounds: 10 },
    settings: {},
  };
}

function predictedShare(run: Run): number {
  const measured = measuredRun(run);
  const plan = planOfRun(measured, catalog);
  const tpot = closedFormFigures(measured, plan).tpot?.mean ?? Number.NaN;
  const { means } = buildReplica(plan);
  const cache = kvBytesPerSequence(plan.model, plan.serving.kvCache, run.tensorParallel, means.context);
  const parameters = run.model === 'llama-3.3-70b' ? 70.55e9 : 8.03e9;
  const weights = (parameters * (BITS[run.weights] ?? Number.NaN)) / 8 / run.tensorParallel;
  return (weights + run.inFlight * cache) / (tpot * plan.gpu.memory_bandwidth);
}

const cells = TABLE.flatMap(({ run, shares }) =>
  shares.map((measured, index) => ({ run: { ...run, tensorParallel: 2 ** index }, measured })),
);

describe('share of nominal bandwidth reached in decode', () => {
  const label = ({ run }: (typeof cells)[number]) =>
    `${run.gpu} ${run.model} ${run.weights} ${run.engine} TP${run.tensorParallel}`;

  test.each(cells.map((cell) => [label(cell), cell] as const))('%s lies within 15 % of the measured one', (_, cell) => {
    expect(Math.abs(predictedShare(cell.run) / cell.measured - 1)).toBeLessThan(0.15);
  });

  test('each doubling of the group lowers the share: fixed times weigh more as a GPU reads less', () => {
    for (const { run, shares } of TABLE) {
      const predicted = shares.map((_, index) => predictedShare({ ...run, tensorParallel: 2 ** index }));
      expect(predicted).toEqual(predicted.toSorted((a, b) => b - a));
    }
  });
});
