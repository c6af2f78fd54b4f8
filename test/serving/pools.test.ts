import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/scenario/plan.ts';
import { replicaGpus } from '../../src/scenario/replica-gpus.ts';
import { settlePools } from '../../src/serving/pools.ts';
import { planOf, scenario } from '../acceptance/fixtures.ts';
import { saturationOf, served } from './scenario-replica.ts';

function plan(input: number, output: number, pools: object = {}): Plan {
  const scheduling = { policy: 'disaggregated', network: 'nvlink-4', ...pools };
  const serving = { gpu: 'h100-sxm5-80gb', engine: 'vllm', weights: 'fp8', max_batch: 128, envelope: undefined };
  const traffic = { input_tokens: input, output_tokens: output };
  return planOf(scenario({ model: 'llama-3.1-8b', serving: { ...serving, scheduling }, traffic }));
}

function sizes(asked: Plan): { prefill: number; decode: number } {
  const { scheduling } = settlePools(asked).serving;
  if (scheduling.kind !== 'disaggregated') throw new Error('the plan has no pools');
  return { prefill: Number(scheduling.prefillInstances), decode: Number(scheduling.decodeInstances) };
}

describe('pools for prompts and answers', () => {
  test('long prompts ask for more of the one, long answers for more of the other', () => {
    const share = (input: number, output: number) => {
      const { prefill, decode } = sizes(plan(input, output));
      return prefill / (prefill + decode);
    };
    expect(share(8000, 100)).toBeGreaterThan(share(2000, 400));
    expect(share(2000, 400)).toBeGreaterThan(share(200, 2000));
  });

  test('what a scenario states stands, the other follows; GPUs are those of both', () => {
    expect(sizes(plan(4000, 300, { prefill_instances: 3, decode_instances: 5 }))).toEqual({ prefill: 3, decode: 5 });
    expect(sizes(plan(4000, 300, { prefill_instances: 20 })).decode).toBeGreaterThan(3);
    const { prefill, decode } = sizes(plan(4000, 300, { decode_instances: 4 }));
    expect(decode).toBe(4);
    expect(prefill).toBeGreaterThan(0);
    expect(replicaGpus(settlePools(plan(4000, 300, { decode_instances: 4 })).serving)).toBe(prefill + 4);
  });

  test('the ratio found serves within 15 % of the best of its size, request by request', () => {
    const { prefill, decode } = sizes(plan(3000, 300));
    const size = prefill + decode;
    const rate = (one: number) => {
      const pools = { prefill_instances: one, decode_instances: size - one };
      return saturationOf(served(plan(3000, 300, pools)), 4000);
    };
    const rates = Array.from({ length: size - 1 }, (_, i) => rate(i + 1));
    expect((rates[prefill - 1] as number) / Math.max(...rates)).toBeGreaterThan(0.85);
  });
});
