import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { SizeChoice } from '../../src/analysis/size-candidates.ts';
import { planWith } from '../../src/analysis/size-screen.ts';
import { type Alternative, rankFleets, screenAll } from '../../src/analysis/size-search.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { fleetName, settingText } from '../../src/report/size-text.ts';
import { simulate } from '../../src/result/simulate.ts';
import { type Setting, simulateVariant } from '../../src/result/sweep-point.ts';
import type { Lookups } from '../../src/scenario/lookups.ts';
import { layoutName } from '../../src/scenario/replica-gpus.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { InfeasibleError, InputError } from '../../src/schema/problem.ts';

const lookups: Lookups = { catalog: openCatalog(), prices: () => ({ found: false, problem: 'none' }) };

interface Asked {
  model?: string;
  serving?: object;
  requests?: number;
  slo?: object;
  quality?: object;
  reliability?: object;
  capacity?: object;
  overflow?: string;
}

/** In closed form, which has no noise: laws hold exactly. */
function scenarioOf(asked: Asked = {}) {
  return {
    rackrate: 1,
    name: 'A fleet to find',
    model: asked.model ?? 'llama-3.3-70b',
    serving: { gpu: 'h100-sxm5-80gb', weights: 'fp8', kv_cache: 'fp8', envelope: 'closed-form', ...asked.serving },
    traffic: { requests_per_day: asked.requests ?? 500_000, input_tokens: 2000, output_tokens: 300 },
    slo: asked.slo ?? { ttft_p95: '2 s', tpot_p95: '60 ms' },
    ...(asked.reliability === undefined ? {} : { reliability: asked.reliability }),
    ...(asked.quality === undefined ? {} : { quality: asked.quality }),
    capacity: asked.capacity ?? { rent: { price: '3 USD/h' } },
  };
}

function size(asked: Asked, choice: SizeChoice = {}, top = 1000) {
  const raw = scenarioOf(asked);
  const question = { raw, scenario: validateScenario(raw), lookups, choice, seed: 0, top };
  return rankFleets(
    question,
    screenAll(question, () => {}),
    fleetName,
    () => {},
  );
}

test('settings are written as --set reads them, lists in blocks included', () => {
  const path = { yearly: [-0.4, 0.4], steps: 'month', shocks: [{ month: 13, change: 0.35 }] };
  const value = { rent: { id: 'verda-b200', price_path: path } };
  const [, text = ''] = /^capacity=(.*)$/.exec(settingText({ path: 'capacity', value })) ?? [];
  expect(parse(text)).toEqual(value);
});

const usd = ({ result }: Alternative) => result.metrics.cost_usd_per_month ?? Number.NaN;
const cheapest = (asked: Asked, choice: SizeChoice = {}) => usd(size(asked, choice, 1).alternatives[0] as Alternative);

/** The cheapest, or infinitely dear where there is none. */
function costOrNone(asked: Asked, choice: SizeChoice): number {
  try {
    return cheapest(asked, choice);
  } catch (error) {
    if (error instanceof InfeasibleError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

const FEW = ['h100-sxm5-80gb', 'h200-sxm-141gb', 'l40s'];

describe('the cheapest fleet', () => {
  test('is what trying every combination finds', () => {
    const asked = { requests: 700_000, reliability: { availability: '99.9 %' } };
    const raw = scenarioOf(asked);
    let best = Number.POSITIVE_INFINITY;
    const rents: [string, string | undefined][] = [
      ['h100-sxm5-80gb', undefined],
      ...lookups.catalog
        .ids('rental')
        .map((id): [string, string] => [lookups.catalog.find('rental', id)?.gpu ?? '', id])
        .filter(([gpu]) => gpu === 'h200-sxm-141gb'),
    ];
    for (const [gpu, id] of rents) {
      for (const tensor of [1, 2, 4, 8]) {
        for (const weights of ['fp8', 'bf16']) {
          for (const batch of [16, 32, 64, 128, 256, 512, 1024]) {
            const settings: Setting[] = [
              { path: 'serving.gpu', value: gpu },
              { path: 'serving.tensor_parallel', value: tensor },
              { path: 'serving.weights', value: weights },
              { path: 'serving.max_batch', value: batch },
              ...(id === undefined ? [] : [{ path: 'capacity', value: { rent: { id } } }]),
            ];
            const outcome = simulateVariant(raw, settings, lookups, 0);
            if ('result' in outcome && outcome.result.slo_met) {
              best = Math.min(best, outcome.result.metrics.cost_usd_per_month ?? Number.NaN);
            }
          }
        }
      }
    }
    expect(best).toBeGreaterThan(0);
    expect(cheapest(asked, { gpus: FEW.slice(0, 2), capacity: 'rent' })).toBeCloseTo(best, 6);
  });

  test('of fewer GPUs to choose from is never cheaper, and of all it is that of the best', () => {
    const each = FEW.map((gpu) => costOrNone({}, { gpus: [gpu] }));
    expect(cheapest({}, { gpus: FEW })).toBe(Math.min(...each));
    expect(cheapest({}, { gpus: FEW.slice(0, 2) })).toBe(Math.min(...each.slice(0, 2)));
    expect(cheapest({})).toBeLessThanOrEqual(Math.min(...each));
  });

  test('costs no more where targets are looser or the load is lighter', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 4, noNaN: true }),
        fc.double({ min: 15, max: 100, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        fc.integer({ min: 1000, max: 3_000_000 }),
        (ttft, tpot, looser, requests) => {
          const slo = (factor: number) => ({ ttft_p95: `${ttft * factor} s`, tpot_p95: `${tpot * factor} ms` });
          const choice = { gpus: FEW.slice(0, 2), capacity: 'rent' as const };
          const tight = costOrNone({ slo: slo(1), requests }, choice);
          const allowed = 1 + 1e-9;
          expect(costOrNone({ slo: slo(looser), requests }, choice)).toBeLessThanOrEqual(tight * allowed);
          expect(costOrNone({ slo: slo(1), requests: requests / looser }, choice)).toBeLessThanOrEqual(tight * allowed);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('is not dearer than the scenario as it stands', () => {
    const raw = scenarioOf({ serving: { tensor_parallel: 8 } });
    const own = simulate(planWith(raw, [], lookups)).metrics.cost_usd_per_month ?? Number.NaN;
    expect(cheapest({ serving: { tensor_parallel: 8 } }, { gpus: FEW.slice(0, 1) })).toBeLessThan(own);
  });
});

describe('every alternative', () => {
  const asked = { reliability: { availability: '99.95 %' } };
  const raw = scenarioOf(asked);
  const { alternatives } = size(asked);

  test('is a fleet that a run of its settings gives, inside all targets', () => {
    expect(alternatives.length).toBeGreaterThan(20);
    for (const one of alternatives) {
      const run = simulate(planWith(raw, one.settings, lookups));
      expect(run.metrics).toEqual(one.result.metrics);
      expect(run.slo_met).toBe(true);
      expect(run.metrics.availability).toBeGreaterThanOrEqual(0.9995);
    }
  });

  test('is there once, and no dearer than the next', () => {
    const keys = alternatives.map(
      ({ candidate, result }) => `${candidate.family}/${layoutName(candidate.layout)}/${result.subject.max_batch}`,
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(alternatives.map(usd)).toEqual(alternatives.map(usd).toSorted((a, b) => a - b));
  });

  test('has the published format or the stated one, and others only where asked for', () => {
    expect([...new Set(alternatives.map(({ candidate }) => candidate.weights))].sort()).toEqual(['bf16', 'fp8']);
    const four = size(asked, { gpus: ['h100-sxm5-80gb'], weights: ['int4'] }).alternatives;
    expect(new Set(four.map(({ candidate }) => candidate.weights))).toEqual(new Set(['int4']));
  });

  test('is rented or owned as asked', () => {
    const kinds = (capacity?: 'rent' | 'own') =>
      new Set(size(asked, { gpus: ['h200-sxm-141gb'], capacity }).alternatives.map((one) => one.candidate.supply.kind));
    expect(kinds()).toEqual(new Set(['rent', 'own']));
    expect(kinds('own')).toEqual(new Set(['own']));
  });
});

describe('what binds', () => {
  const binding = (asked: Asked, choice: SizeChoice = { gpus: ['h100-sxm5-80gb'], capacity: 'rent' }) =>
    size(asked, choice, 1).alternatives[0]?.binding;

  test('availability, where a replica more is there for it alone', () => {
    const asked = { requests: 1000, reliability: { availability: '99.999 %' } };
    expect(binding(asked)).toBe('availability');
    expect(cheapest({ requests: 1000 }, { gpus: FEW.slice(0, 1) })).toBeLessThan(
      cheapest(asked, { gpus: FEW.slice(0, 1) }),
    );
  });

  test('memory, where one replica would do and a smaller one does not hold the model', () => {
    expect(binding({ requests: 1000, model: 'llama-3.1-405b' })).toBe('memory');
  });

  test('TPOT, where a tight one makes a small replica too slow', () => {
    expect(binding({ requests: 1000, slo: { tpot_p95: '12 ms' } })).toBe('tpot');
  });

  test('one replica, where the smallest does', () => {
    expect(binding({ requests: 1000, model: 'llama-3.1-8b', slo: {} })).toBe('one_replica');
  });

  test('throughput, where no latency is promised and the load is large', () => {
    expect(binding({ requests: 50_000_000, slo: {}, model: 'llama-3.1-8b' })).toMatch(/throughput|memory/);
  });

  test('whole instances, where most GPUs of one stand idle', () => {
    const capacity = { rent: { price: '0.1 USD/h', gpus_per_instance: 8 } };
    expect(binding({ requests: 1000, model: 'llama-3.1-8b', capacity })).toBe('whole_units');
  });
});

describe('the quality asked for', () => {
  const of = (quality: object | undefined, choice: SizeChoice = {}) => {
    const asked = { requests: 1000, ...(quality === undefined ? {} : { quality }) };
    const weights = ['bf16', 'fp8', 'nvfp4', 'int4', 'mxfp4'];
    const { alternatives } = size(asked, { gpus: ['h100-sxm5-80gb'], weights, capacity: 'rent', ...choice });
    return [...new Set(alternatives.map(({ candidate }) => candidate.weights))].sort();
  };

  test('E21: a floor of 0.97 removes every format tagged below it, and those that nobody has tagged', () => {
    expect(of(undefined)).toEqual(['bf16', 'fp8', 'int4', 'mxfp4', 'nvfp4']);
    expect(of({ floor: 0.97 })).toEqual(['bf16', 'fp8', 'int4', 'nvfp4']);
    expect(of({ floor: 0.97, tags: { int4: 0.96, mxfp4: 0.97, nvfp4: 0.9699 } })).toEqual(['bf16', 'fp8', 'mxfp4']);
    expect(of({ floor: 0.5, tags: { int4: 0.49 } }, { qualityFloor: 0.99 })).toEqual(['bf16', 'fp8']);
    expect(of({ floor: 1 })).toEqual(['bf16']);
  });

  test('the published format keeps all of its own quality, whatever its width', () => {
    const asked = { model: 'gpt-oss-120b', requests: 1000, serving: { weights: 'mxfp4' }, quality: { floor: 1 } };
    expect(size(asked, { gpus: ['h100-sxm5-80gb'] }).alternatives[0]?.candidate.weights).toBe('mxfp4');
  });

  test('that no format keeps is a reason', () => {
    expect(() => of({ floor: 0.999 }, { weights: ['int4', 'mxfp4'] })).toThrow(
      'no format of the weights keeps the quality of 0.999 asked for: int4 0.982, mxfp4 has no tag',
    );
  });
});

describe('what is no question', () => {
  const problem = (action: () => unknown) => {
    try {
      action();
    } catch (error) {
      if (error instanceof InputError || error instanceof InfeasibleError) return error.message;
      throw error;
    }
    return 'none';
  };

  test("the scenario's own GPU is asked for at other rentals too", () => {
    const dear = size({ capacity: { rent: { price: '30 USD/h' } } }, { gpus: ['h100-sxm5-80gb'], capacity: 'rent' });
    expect(dear.alternatives[0]?.candidate.supply.from).not.toBeUndefined();
    const cheap = size({ capacity: { rent: { price: '0.1 USD/h' } } }, { gpus: ['h100-sxm5-80gb'], capacity: 'rent' });
    expect(cheap.alternatives[0]?.candidate.supply.from).toBeUndefined();
  });

  test('a GPU asked for by name is shown, however many fleets of another are cheaper', () => {
    const { alternatives } = size({}, { gpus: ['b200-sxm-180gb', 'a100-sxm4-80gb'], capacity: 'rent' }, 2);
    expect(alternatives.map(({ candidate }) => candidate.gpu)).toEqual([
      'b200-sxm-180gb',
      'b200-sxm-180gb',
      'a100-sxm4-80gb',
    ]);
    const costs = alternatives.map(usd);
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  });

  test('an unknown GPU is named with its neighbour, one without a price is refused', () => {
    expect(problem(() => size({}, { gpus: ['h200-sxm-141g'] }))).toContain('did you mean "h200-sxm-141gb"');
    expect(problem(() => size({}, { gpus: ['m2-ultra-192gb'] }))).toContain('nothing to price it with');
    expect(problem(() => size({}, { weights: ['fp9'] }))).toContain('did you mean "fp8"');
    expect(problem(() => size({}, { weights: ['ternary'] }))).toContain('known: fp32, bf16');
  });

  test('nothing inside the target: the nearest miss', () => {
    const said = problem(() => size({ slo: { tpot_p95: '1 ms' } }, { gpus: FEW }));
    expect(said).toMatch(
      /^no fleet meets the targets; the nearest, NVIDIA H200.*TP8.*TPOT p95 of .* the target is 1 ms/,
    );
  });

  test('nothing that holds the model', () => {
    expect(problem(() => size({ model: 'deepseek-v3' }, { gpus: ['l4'], weights: ['fp32'] }))).toMatch(
      /^no GPU asked about holds the model/,
    );
  });

  test('a model too large for a node spans several', () => {
    const [best] = size(
      { model: 'deepseek-v3', requests: 1000, slo: {} },
      { gpus: ['a100-sxm4-80gb'], capacity: 'rent' },
    ).alternatives;
    expect(best?.candidate.layout.pipelineParallel).toBeGreaterThan(1);
    expect(best?.settings.map(({ path }) => path)).toContain('serving.network');
  });
});
