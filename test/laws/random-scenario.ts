import fc from 'fast-check';
import type { Result } from '../../src/result/record.ts';
import { simulate } from '../../src/result/simulate.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { InfeasibleError } from '../../src/schema/problem.ts';
import { H100, M8, planOf, type Raw } from '../acceptance/fixtures.ts';

/** Random scenarios that are valid and roomy enough to fit; what they say is otherwise free. */

const usd = (unit: string, least: number, most: number) =>
  fc.double({ min: least, max: most, noNaN: true }).map((value) => `${value.toFixed(4)} ${unit}`);

const moe = {
  experts: 16,
  experts_per_token: 2,
  expert_intermediate_size: 1792,
  shared_experts: 1,
  first_dense_layers: 2,
};
const mla = { q_lora_rank: 512, kv_lora_rank: 256, qk_nope_head_dim: 64, qk_rope_head_dim: 32, v_head_dim: 64 };
const { parameters: _, ...shape } = M8;
const model = fc.constantFrom<object | string>(
  M8,
  shape,
  { ...shape, moe },
  { ...shape, mla },
  { ...shape, sliding: { window: 512, layers: 16 } },
  'llama-3.1-8b',
  'gpt-oss-120b',
);

const gpu = fc.record({
  bandwidth: fc.double({ min: 0.5, max: 8, noNaN: true }),
  flops: fc.double({ min: 100, max: 2500, noNaN: true }),
  hasTdp: fc.boolean(),
});

const serving = fc.record(
  {
    gpu: gpu.map(({ bandwidth, flops, hasTdp }) => {
      const { tdp, ...rest } = H100;
      return {
        ...rest,
        ...(hasTdp ? { tdp } : {}),
        memory: { marketed: '400 GB' },
        memory_bandwidth: `${bandwidth.toFixed(3)} TB/s`,
        dense_flops: { bf16: `${flops.toFixed(1)} TFLOP/s`, fp8: `${(2 * flops).toFixed(1)} TFLOP/s` },
      };
    }),
    tensor_parallel: fc.constantFrom(1, 2, 4, 8),
    weights: fc.constantFrom('bf16', 'fp8', 'int8', 'int4', 'nvfp4'),
    kv_cache: fc.constantFrom('bf16', 'fp8'),
    engine: fc.constantFrom('ideal', 'vllm', 'sglang', 'tensorrt-llm'),
    max_batch: fc.integer({ min: 1, max: 512 }),
    token_budget: fc.constantFrom(512, 2048, 8192),
    replicas: fc.oneof(fc.constant('auto'), fc.integer({ min: 1, max: 5 })),
    target_utilization: fc.constantFrom(1, 0.7),
    // A curve by simulation carries sampling noise, which laws that compare two scenarios would trip over.
    envelope: fc.constant('closed-form'),
    measured: fc.record({ output_tokens_per_second: fc.double({ min: 50, max: 20_000, noNaN: true }) }),
  },
  { requiredKeys: ['gpu', 'weights', 'engine', 'envelope'] },
);

const length = (most: number) =>
  fc.oneof(
    fc.integer({ min: 1, max: most }),
    fc.record({ mean: fc.integer({ min: 1, max: most }), cv: fc.double({ min: 0, max: 2, noNaN: true }) }),
    fc.record({ p50: fc.integer({ min: 1, max: 100 }), p95: fc.integer({ min: 100, max: 1000 }) }),
  );

const load = fc.oneof(
  fc.double({ min: 0, max: 2e6, noNaN: true }).map((requests_per_day) => ({ requests_per_day })),
  fc.double({ min: 0, max: 3e9, noNaN: true }).map((tokens_per_day) => ({ tokens_per_day })),
  fc.double({ min: 0, max: 1.5, noNaN: true }).map((utilization) => ({ utilization })),
);

const hours = fc
  .array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 24, maxLength: 24 })
  .map((values) => values.map((value) => Number(value.toFixed(3))));

const traffic = fc
  .tuple(
    load,
    fc.record(
      {
        input_tokens: length(5000),
        output_tokens: length(1000),
        cached_input: fc.constantFrom(0, 0.4, 1),
        samples: fc.constantFrom(1, 1, 4),
        shape: fc.oneof(fc.constantFrom('constant', 'chat', 'office-hours', 'nightly'), hours),
        timezone: fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata'),
        growth: fc.oneof(
          { weight: 6, arbitrary: fc.constant('0 %/month') },
          { weight: 1, arbitrary: fc.constantFrom('3 %/month', '-5 %/month', '40 %/year') },
        ),
        overflow: fc.constantFrom('refuse', 'refuse', 'queue', 'api', 'api'),
        arrivals: fc.constantFrom<unknown>('poisson', 'deterministic', { process: 'gamma', cv: 3 }),
      },
      { requiredKeys: ['input_tokens', 'output_tokens'] },
    ),
  )
  .map(([key, rest]) => ({ ...key, ...rest }));

const offer = fc
  .record({
    input: usd('USD/Mtok', 0, 5),
    output: usd('USD/Mtok', 0, 25),
    cached_input: usd('USD/Mtok', 0, 1),
    cache_write: usd('USD/Mtok', 0, 6),
    per_request: usd('USD', 0, 0.001),
    batch_discount: fc.constantFrom(0, 0.5),
    failure: fc.constantFrom(0, 0.05),
    output_factor: fc.constantFrom(0.5, 1, 1.3),
    reasoning_ratio: fc.constantFrom(0, 0, 3),
    limits: fc.record({ requests_per_minute: fc.integer({ min: 1, max: 5000 }) }),
    same_model: fc.boolean(),
  })
  .map((prices): Raw => prices);
const offers = fc
  .array(offer, { maxLength: 2 })
  .map((list) => list.map((prices, index) => ({ name: `offer ${index + 1}`, ...prices })));

const blocks: fc.Arbitrary<Raw> = fc.record(
  {
    rackrate: fc.constant(1),
    name: fc.constant('random'),
    start: fc.constant('2026-12-01'),
    model,
    serving,
    traffic,
    slo: fc.record({ ttft_p95: usd('s', 0.2, 20), tpot_p95: usd('s', 0.02, 1) }, { requiredKeys: [] }),
    reliability: fc.record(
      {
        availability: fc.constantFrom('99 %', '99.9 %'),
        zones: fc.integer({ min: 1, max: 3 }),
        replica_availability: fc.double({ min: 0.9, max: 1, noNaN: true }),
      },
      { requiredKeys: [] },
    ),
    capacity: fc
      .record(
        {
          price: usd('USD/h', 0, 8),
          gpus_per_instance: fc.integer({ min: 1, max: 8 }),
          commitment: fc.constantFrom('none', '1 year', '3 years'),
        },
        { requiredKeys: ['price'] },
      )
      .map((rent) => ({ rent })),
    people: fc
      .record(
        {
          setup: usd('USD', 0, 50_000),
          hours_per_month: fc.integer({ min: 0, max: 80 }),
          amortize_months: fc.integer({ min: 1, max: 60 }),
        },
        { requiredKeys: [] },
      )
      .map((work) => ({ ...work, rate: '100 USD/h' })),
    overheads: fc.constantFrom<unknown>('none', 'typical', { egress: 'typical', observability: '700 USD' }),
    compare: offers,
    hours_per_month: fc.constantFrom(720, 730),
  },
  { requiredKeys: ['rackrate', 'name', 'start', 'model', 'serving', 'traffic', 'capacity'] },
);

/** A random valid scenario, as written. One that overflows to an API names one. */
export const scenarios: fc.Arbitrary<Raw> = blocks.map((raw) => {
  const compare = (raw['compare'] ?? []) as Raw[];
  const overflows = (raw['traffic'] as Raw)['overflow'] === 'api';
  if (!overflows || compare.length > 0) return raw;
  return { ...raw, compare: [{ name: 'offer 1', input: '1 USD/Mtok', output: '4 USD/Mtok' }] };
});

/** A plan of it and its result; the case is skipped where no fleet can do what it asks. */
export function runOrSkip(raw: Raw): { plan: Plan; result: Result } {
  const plan = planOf(raw);
  try {
    return { plan, result: simulate(plan) };
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
    fc.pre(false);
    throw error;
  }
}

/** Whether two numbers agree to a relative error, or to an absolute one near zero. */
export function near(a: number, b: number, relative = 1e-9): boolean {
  return Math.abs(a - b) <= relative * Math.max(1e-9, Math.abs(a), Math.abs(b));
}
