import { expect, test } from 'vitest';
import { metric, planOf, type Raw, run } from '../acceptance/fixtures.ts';

/** Qwen3 235B A22B, by its config.json. */
const QWEN3_235B = {
  layers: 94,
  hidden_size: 4096,
  intermediate_size: 12288,
  vocab_size: 151936,
  heads: 64,
  kv_heads: 4,
  head_dim: 128,
  moe: { experts: 128, experts_per_token: 8, expert_intermediate_size: 1536 },
};

const H100 = 'h100-sxm5-80gb';
const B200 = 'b200-sxm-180gb';

/**
 * ML.ENERGY leaderboard v3 of December 2025, lm-arena-chat: joules of all boards for an output token, output tokens a
 * second, and the mean answer. Prompts are not published: 128 tokens on average are assumed, and the closed loop of the
 * benchmark is a replica that is kept full. Experts were dealt out to the GPUs there; here all GPUs share each.
 */
const PUBLISHED: readonly [
  name: string,
  model: string | Raw,
  gpu: string,
  gpus: number,
  weights: string,
  answer: number,
  rows: readonly [sequences: number, joules: number, outputPerSecond: number][],
][] = [
  [
    'Llama 3.1 8B',
    'llama-3.1-8b',
    H100,
    1,
    'bf16',
    400,
    [
      [8, 0.455, 1070],
      [64, 0.119, 5147],
      [512, 0.0702, 9806],
    ],
  ],
  [
    'Llama 3.1 70B',
    'llama-3.3-70b',
    H100,
    4,
    'bf16',
    355,
    [
      [8, 3.76, 470],
      [64, 0.8, 2511],
      [256, 0.479, 4915],
      [1024, 0.3731, 6827],
    ],
  ],
  [
    'Llama 3.1 405B',
    'llama-3.1-405b',
    H100,
    8,
    'fp8',
    365,
    [
      [8, 13.97, 233],
      [64, 3.08, 1350],
      [256, 2.06, 2363],
    ],
  ],
  [
    'Qwen3 235B A22B',
    QWEN3_235B,
    H100,
    8,
    'fp8',
    865,
    [
      [8, 11.4, 316],
      [128, 1.364, 2840],
      [512, 0.74, 5342],
    ],
  ],
  ['DeepSeek V3.1', 'deepseek-v3', B200, 8, 'fp8', 845, [[1024, 0.772, 7298]]],
];

/** One replica, kept full by as many sequences, for a month: what its boards draw and what it answers. */
function full(model: string | Raw, gpu: string, gpus: number, weights: string, answer: number, sequences: number) {
  const raw = {
    rackrate: 1,
    name: 'energy of a full replica',
    start: '2026-12-01',
    model,
    serving: { gpu, tensor_parallel: gpus, weights, engine: 'vllm', max_batch: sequences, replicas: 1 },
    traffic: { utilization: 1, input_tokens: { mean: 128, cv: 1 }, output_tokens: { mean: answer, cv: 0.9 } },
    capacity: { rent: { price: '2 USD/h' } },
  };
  const result = run(raw);
  const { tdp, power } = { tdp: planOf(raw).gpu.tdp as number, power: planOf(raw).facility.power };
  const seconds = 730 * 3600;
  const watts = (metric(result, 'energy_kwh_per_month') * 3.6e6) / seconds / gpus / power.pue - tdp * power.server;
  const outputPerSecond = metric(result, 'replica_output_tok_per_s_max');
  return { watts, outputPerSecond, joules: (watts * gpus) / outputPerSecond };
}

const median = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] as number) + (sorted[Math.ceil((sorted.length - 1) / 2)] as number)) /
    2
  );
};
const percent = (value: number) => `${(value * 100).toFixed(0)} %`.padStart(6);

test('energy per output token and power of full replicas against what was published', { timeout: 120_000 }, () => {
  const rows = PUBLISHED.flatMap(([name, model, gpu, gpus, weights, answer, cases]) =>
    cases.map(([sequences, joules, outputPerSecond]) => {
      const ours = full(model, gpu, gpus, weights, answer, sequences);
      const watts = (joules * outputPerSecond) / gpus;
      return {
        name,
        sequences,
        ours,
        joules,
        watts,
        energyError: ours.joules / joules - 1,
        powerError: ours.watts / watts - 1,
      };
    }),
  );
  const lines = rows.map((row) =>
    [
      row.name.padEnd(16),
      String(row.sequences).padStart(5),
      `${row.ours.joules.toPrecision(3)} J`.padStart(10),
      `${row.joules.toPrecision(3)} J`.padStart(10),
      percent(row.energyError),
      `${row.ours.watts.toFixed(0)} W`.padStart(8),
      `${row.watts.toFixed(0)} W`.padStart(8),
      percent(row.powerError),
    ].join(' '),
  );
  const energy = median(rows.map((row) => Math.abs(row.energyError)));
  const power = median(rows.map((row) => Math.abs(row.powerError)));
  const head = 'case        sequences  predicted  published  error  a board  published  error';
  process.stdout.write(
    `${[head, ...lines, `median |error|: energy ${percent(energy)}, power ${percent(power)}`].join('\n')}\n`,
  );
  expect(energy).toBeLessThan(0.2);
  expect(power).toBeLessThan(0.1);
  for (const row of rows) expect(Math.abs(row.powerError)).toBeLessThan(0.2);
});
