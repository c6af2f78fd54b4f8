import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { simulate } from '../../src/result/simulate.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { layoutName, replicaGpus } from '../../src/scenario/replica-gpus.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { InputError } from '../../src/schema/problem.ts';

const catalog = openCatalog();

function planOf(model: string, serving: object): Plan {
  const raw = {
    rackrate: 1,
    name: 'A layout',
    model,
    serving: { gpu: 'h200-sxm-141gb', weights: 'fp8', envelope: 'closed-form', replicas: 1, ...serving },
    traffic: { requests_per_day: 1000, input_tokens: 1000, output_tokens: 200 },
    reliability: { availability: '90 %' },
    capacity: { rent: { price: '3 USD/h' } },
  };
  return resolveScenario(validateScenario(raw), raw, { catalog, prices: () => ({ found: false, problem: 'none' }) });
}

function problemsOf(model: string, serving: object): string[] {
  try {
    planOf(model, serving);
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(({ path, message }) => `${path.join('.')} | ${message}`);
    throw error;
  }
  return [];
}

const DEEPSEEK = 'deepseek-v3';
const LLAMA = 'llama-3.3-70b';

describe('a layout', () => {
  test.each([
    [LLAMA, {}, 1, 'TP1'],
    [LLAMA, { tensor_parallel: 8 }, 8, 'TP8'],
    [LLAMA, { tensor_parallel: 4, pipeline_parallel: 2 }, 8, 'TP4 PP2'],
    [DEEPSEEK, { tensor_parallel: 8, expert_parallel: 8 }, 8, 'TP8 EP8'],
    [DEEPSEEK, { attention_data_parallel: 8, expert_parallel: 8 }, 8, 'DP8 EP8'],
    [DEEPSEEK, { tensor_parallel: 2, attention_data_parallel: 4 }, 8, 'TP2 DP4'],
    [DEEPSEEK, { attention_data_parallel: 8, pipeline_parallel: 2, network: 'infiniband-ndr-400' }, 16, 'DP8 PP2'],
  ] as const)('%s %j takes %d GPUs and is called %s', (model, serving, gpus, name) => {
    const { serving: layout } = planOf(model, serving);
    expect(replicaGpus(layout)).toBe(gpus);
    expect(layoutName(layout)).toBe(name);
  });

  test.each<[string, object, string[]]>([
    [
      LLAMA,
      { expert_parallel: 2, attention_data_parallel: 2 },
      [
        'serving.expert_parallel | this model has no experts to deal out',
        'serving.attention_data_parallel | ranks share experts and this model has none; give it more replicas instead',
      ],
    ],
    [
      DEEPSEEK,
      { tensor_parallel: 4, expert_parallel: 3 },
      [
        "serving.expert_parallel | 3 does not divide the 4 GPUs that share a layer's experts (tensor_parallel x attention_data_parallel)",
        'serving.expert_parallel | 256 experts cannot be dealt evenly to 3 parts',
      ],
    ],
    [
      LLAMA,
      { pipeline_parallel: 81, network: 'infiniband-ndr-400' },
      ["serving.pipeline_parallel | 81 stages are more than the model's 80 layers"],
    ],
    [
      DEEPSEEK,
      { tensor_parallel: 8, pipeline_parallel: 2 },
      [
        "serving.network | 16 GPUs a replica, and this GPU's link joins 8: name the network between them, such as infiniband-ndr-400",
      ],
    ],
    [
      LLAMA,
      { network: 'infiniband-ndr-40' },
      ['serving.network | there is no network "infiniband-ndr-40" in the catalog; did you mean "infiniband-ndr-400"?'],
    ],
  ])('%s %j is refused', (model, serving, said) => expect(problemsOf(model, serving)).toEqual(said));
});

describe('what a layout does to a replica', () => {
  const result = (model: string, serving: object) => simulate(planOf(model, serving));

  test('latent attention: ranks have several times the room of one group, and serve more for it', () => {
    const group = result(DEEPSEEK, { tensor_parallel: 8, expert_parallel: 8, engine: 'sglang' });
    const ranks = result(DEEPSEEK, { attention_data_parallel: 8, expert_parallel: 8, engine: 'sglang' });
    const of = (name: 'kv_capacity_tokens_per_replica' | 'replica_output_tok_per_s_max') =>
      (ranks.metrics[name] ?? 0) / (group.metrics[name] ?? Number.NaN);
    expect(of('kv_capacity_tokens_per_replica')).toBeGreaterThan(3);
    expect(of('replica_output_tok_per_s_max')).toBeGreaterThan(1.2);
    expect(ranks.metrics.kv_bytes_per_token).toBe(group.metrics.kv_bytes_per_token);
    expect(ranks.metrics.weight_bytes_per_gpu).toBeGreaterThan(group.metrics.weight_bytes_per_gpu ?? 0);
  });

  test('a failed GPU takes all of its replica with it, whatever the layout', () => {
    const up = (serving: object) => planOf(LLAMA, serving).reliability?.replicaAvailability ?? Number.NaN;
    expect(up({ tensor_parallel: 2, pipeline_parallel: 2 })).toBe(up({ tensor_parallel: 4 }));
    expect(up({ tensor_parallel: 2, pipeline_parallel: 2 })).toBeLessThan(up({ tensor_parallel: 2 }));
  });

  test('stages: a lone prompt passes all of them, so its first token is no sooner than on one GPU', () => {
    const ttft = (serving: object) => result('llama-3.1-8b', serving).metrics.ttft_p50_s ?? Number.NaN;
    const alone = ttft({});
    expect(ttft({ pipeline_parallel: 4 })).toBeGreaterThan(0.95 * alone);
    expect(ttft({ pipeline_parallel: 4 })).toBeLessThan(1.25 * alone);
    expect(ttft({ tensor_parallel: 4 })).toBeLessThan(0.95 * alone);
  });
});
