import { describe, expect, test } from 'vitest';
import { parameterBlocks, parameterCount } from '../../src/model/parameters.ts';
import { inlineModel } from '../../src/schema/model.ts';
import { M8 } from '../acceptance/fixtures.ts';

const { parameters: _, ...llama8b } = M8;

describe('parameters', () => {
  test('of Llama 3.1 8B, block by block', () => {
    const { total, byComponent } = parameterCount(inlineModel.parse(llama8b));
    expect(byComponent).toEqual({
      embedding: 128_256 * 4096,
      head: 128_256 * 4096,
      attention: 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024),
      dense_ffn: 32 * 3 * 4096 * 14_336,
      norms: 65 * 4096,
    });
    // Hugging Face's count of the published checkpoint.
    expect(total).toBe(8_030_261_248);
  });

  test('a stated count is met exactly, in total and per token', () => {
    const { total, active } = parameterCount(inlineModel.parse({ ...llama8b, parameters: 9e9 }));
    expect(total).toBeCloseTo(9e9, 3);
    expect(active).toBeCloseTo(9e9, 3);
    const stated = inlineModel.parse({ ...llama8b, parameters: 9e9, active_parameters: 3e9 });
    expect(parameterCount(stated).active).toBeCloseTo(3e9, 3);
  });

  test('a token meets k of E experts and every shared one', () => {
    const moe = {
      experts: 8,
      experts_per_token: 2,
      expert_intermediate_size: 1000,
      shared_experts: 1,
      first_dense_layers: 2,
    };
    const blocks = parameterBlocks(inlineModel.parse({ ...llama8b, moe }));
    const of = (component: string) => blocks.find((block) => block.component === component);
    const each = 30 * 3 * 4096 * 1000;
    expect(of('experts')).toMatchObject({ parameters: 8 * each, activePerToken: 2 * each });
    expect(of('shared_experts')).toMatchObject({ parameters: each, activePerToken: each });
    expect(of('router')).toMatchObject({ parameters: 30 * 4096 * 8, layout: 'copied' });
    expect(of('dense_ffn')).toMatchObject({ parameters: 2 * 3 * 4096 * 14_336 });
  });
});
