import fc from 'fast-check';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { M8, type Raw } from '../acceptance/fixtures.ts';

/** Scenarios whose every field has a legal value, drawn over its whole range and at its ends: nothing is sensible. */

const catalog = openCatalog();

/** A number spread over its orders of magnitude, and now and then one of its ends. */
const wide = (least: number, most: number) => {
  const low = Math.log(Math.max(least, 1e-12));
  const inside = fc.double({ min: low, max: Math.log(most), noNaN: true });
  const spread = inside.map((power) => Math.min(most, Math.max(least, Number(Math.exp(power).toPrecision(4)))));
  return fc.oneof({ weight: 6, arbitrary: spread }, { weight: 1, arbitrary: fc.constantFrom(least, most) });
};
const whole = (least: number, most: number) => wide(least, most).map((value) => Math.max(least, Math.round(value)));
const quantity = (unit: string, least: number, most: number) => wide(least, most).map((value) => `${value} ${unit}`);
const share = (least = 0, most = 1) =>
  fc.oneof(fc.double({ min: least, max: most, noNaN: true }), fc.constantFrom(least, most));
const some = <T>(arbitraries: Record<string, fc.Arbitrary<T>>, required: string[] = []) =>
  fc.record(arbitraries, { requiredKeys: required }) as fc.Arbitrary<Raw>;
const card = (kind: 'gpu' | 'model' | 'engine' | 'rental' | 'node' | 'site' | 'traffic' | 'price' | 'network') =>
  fc.constantFrom(...catalog.ids(kind));

/** Eight billion parameters and no longest context. */
const { parameters: _, ...unbounded } = M8;

const length = fc.oneof<fc.Arbitrary<unknown>[]>(
  whole(2, 1e4),
  fc.record({ mean: wide(2, 1e4), cv: wide(0, 20) }),
  fc.record({ p50: whole(2, 1e3), p95: whole(1e3, 1e4) }),
  fc.record({ low: whole(2, 1e2), high: whole(1e2, 1e4) }),
);

const load = fc.oneof(
  wide(1e-300, 1e9).map((requests_per_day): Raw => ({ requests_per_day })),
  wide(0, 1e12).map((tokens_per_day): Raw => ({ tokens_per_day })),
  wide(0, 100).map((utilization): Raw => ({ utilization })),
);

const traffic = fc
  .tuple(
    load,
    some<unknown>(
      {
        input_tokens: length,
        output_tokens: length,
        count: fc.constantFrom('total', 'output'),
        arrivals: fc.oneof<fc.Arbitrary<unknown>[]>(
          fc.constantFrom('poisson', 'deterministic'),
          fc.record({ process: fc.constantFrom('gamma', 'weibull'), cv: wide(0, 50) }),
        ),
        shape: fc.oneof<fc.Arbitrary<unknown>[]>(
          card('traffic'),
          fc.array(wide(1e-9, 1e9), { minLength: 24, maxLength: 24 }),
        ),
        timezone: fc.constantFrom('UTC', 'Asia/Kolkata', 'Pacific/Kiritimati'),
        correlation: fc.double({ min: -1, max: 1, noNaN: true }),
        shared_prompt: fc.record({ tokens: fc.constant(1), prompts: whole(1, 1e6) }),
        samples: whole(1, 1024),
        cached_input: share(),
        deadline: quantity('s', 1, 1e8),
        growth: fc.constantFrom('-98 %/month', '-5 %/year', '3 %/month', '40 %/year', '1000 %/month'),
        overflow: fc.constantFrom('refuse', 'refuse', 'queue', 'api'),
      },
      ['input_tokens', 'output_tokens'],
    ),
  )
  .map(([key, rest]): Raw => ({ ...rest, ...key }));

/** What an engine can do besides the plain thing, as far as the closed form knows it; most of it excludes the rest. */
const features = fc.oneof<fc.Arbitrary<Raw>[]>(
  fc.constant({}),
  fc.constant({ prefix_cache: true }),
  fc.record({ speculation: fc.record({ acceptance: share(), depth: whole(1, 64), draft_cost: share() }) }),
  fc.record({ adapters: fc.record({ count: whole(1, 100), rank: whole(1, 128) }) }),
  fc.record({ early_exit: fc.record({ share: share(), depth: share(0.01, 1) }) }),
  fc.record({ kv_cache_kept: share(0.01, 1) }),
  fc.record({ measured: fc.record({ output_tokens_per_second: wide(1e-6, 1e9) }) }),
);

const serving = fc
  .tuple(
    features,
    some<unknown>(
      {
        gpu: card('gpu'),
        tensor_parallel: fc.constantFrom(1, 1, 2, 4),
        weights: fc.constantFrom('bf16', 'fp8', 'int8', 'int4'),
        kv_cache: fc.constantFrom('bf16', 'fp8'),
        engine: fc.constantFrom(...catalog.ids('engine').filter((id) => id !== 'ideal')),
        max_batch: whole(1, 1e6),
        token_budget: whole(64, 1e7),
        replicas: fc.oneof<fc.Arbitrary<unknown>[]>(fc.constant('auto'), whole(1, 1e6)),
        target_utilization: share(0.01, 1),
        engine_efficiency: wide(0.05, 5),
        network: card('network'),
        // Simulated curves take a second each, and have laws of their own.
        envelope: fc.constant('closed-form'),
      },
      ['gpu', 'envelope', 'weights'],
    ),
  )
  .map(([feature, rest]): Raw => ({ ...rest, ...feature }));

const rent = fc
  .oneof(
    some<unknown>(
      {
        price: quantity('USD/h', 0, 1e5),
        commitment: fc.constantFrom('none', '1 year', '3 years'),
        commitment_discount: share(),
        gpus_per_instance: whole(1, 1024),
      },
      ['price'],
    ),
    some<unknown>(
      {
        price: quantity('USD/h', 0, 1e5),
        spot: fc.record({ losses_per_hour: wide(0, 1), recovery: quantity('h', 0.01, 20) }),
      },
      ['price', 'spot'],
    ),
  )
  .map((terms): Raw => ({ rent: terms }));

const usd = quantity('USD', 0, 1e12);
const own = some<unknown>(
  {
    price: usd,
    gpus_per_node: whole(1, 1024),
    network_per_gpu: usd,
    provisioned_power: quantity('W', 1, 1e7),
    power_per_node: quantity('W', 0, 1e7),
    ancillary: share(),
    install: share(),
    life: whole(1, 120).map((months) => `${months} months`),
    residual: fc.oneof<fc.Arbitrary<unknown>[]>(share(), fc.array(share(), { minLength: 1, maxLength: 20 })),
    cost_of_capital: share(0, 2),
    site: card('site'),
    electricity: quantity('USD/kWh', 0, 10),
    colocation: quantity('USD/kW', 0, 1e4),
    pue: wide(1, 4),
    support: share(),
    transit: usd,
  },
  ['price', 'gpus_per_node', 'network_per_gpu', 'provisioned_power', 'power_per_node'],
).map((terms): Raw => ({ own: terms }));

const perMtok = quantity('USD/Mtok', 0, 1e6);
const offer = some<unknown>(
  {
    input: perMtok,
    output: perMtok,
    cached_input: perMtok,
    cache_write: perMtok,
    per_request: usd,
    batch_discount: share(),
    batch_window: quantity('s', 1, 1e7),
    tiers: fc.array(fc.record({ above: whole(1, 1e6), input: perMtok, output: perMtok }), { maxLength: 4 }),
    cache_ttl: quantity('s', 1, 1e8),
    cache_min_tokens: whole(1, 1e7),
    cached_input_share: share(0, 0.5),
    cache_write_share: share(0, 0.5),
    input_factor: wide(0.01, 100),
    output_factor: wide(0.01, 100),
    reasoning_ratio: wide(0, 1000),
    failure: share(0, 0.99),
    rejected: share(0, 0.99),
    limits: some({
      requests_per_minute: wide(1e-6, 1e15),
      input_tokens_per_minute: wide(1e-6, 1e15),
      output_tokens_per_minute: wide(1e-6, 1e15),
    }),
    same_model: fc.boolean(),
  },
  ['input', 'output'],
);
const offers = fc
  .array(offer, { minLength: 1, maxLength: 3 })
  .map((list) => list.map((one, i) => ({ batch_window: '24 h', ...one, name: `API ${i}` })));

/** A legal scenario at some corner of all there are, as it is written in a file. */
export const cornerScenarios: fc.Arbitrary<Raw> = some<unknown>(
  {
    rackrate: fc.constant(1),
    name: fc.constantFrom('corner', '=1+1', 'ü'.repeat(200), '<b>&amp;|x|'),
    start: fc.constantFrom('2026-12-01', '2020-02-29', '2099-12'),
    hours_per_month: fc.constantFrom(600, 730, 750),
    model: fc.oneof({ weight: 4, arbitrary: fc.constant<unknown>(unbounded) }, { weight: 1, arbitrary: card('model') }),
    serving,
    traffic,
    slo: some({
      ttft_p95: quantity('s', 1e-2, 1e6),
      tpot_p95: quantity('s', 1e-2, 1e6),
      ttft_p50: quantity('s', 1e-1, 1e6),
    }),
    reliability: some<unknown>({
      availability: share(0, 0.9999999),
      zones: whole(1, 20),
      replica_availability: share(),
    }),
    capacity: fc.oneof(rent, rent, own),
    people: fc.record({
      setup: fc.oneof(usd, quantity('h', 0, 1e6)),
      hours_per_month: wide(0, 1e6),
      rate: quantity('USD/h', 0, 1e5),
      amortize_months: whole(1, 600),
    }),
    overheads: fc.constantFrom<unknown>('typical', 'none', { egress: 'typical', observability: '1e12 USD' }),
    transfers: fc.record({
      internet: some<unknown>(
        { amount: quantity('B', 0, 1e18), times_per_month: wide(0, 1e9), price: quantity('USD/GB', 0, 100) },
        ['amount'],
      ),
    }),
    compare: offers,
    horizons: fc.array(whole(1, 120), { minLength: 1, maxLength: 5 }),
    discount_rate: share(-0.5, 2),
  },
  ['rackrate', 'name', 'model', 'serving', 'traffic', 'capacity'],
);
