import { describe, expect, test } from 'vitest';
import { attentionParts } from '../../src/model/attention-parts.ts';
import { kvBytesPerSequence, kvBytesPerToken } from '../../src/model/kv-cache.ts';
import { inlineModel, type KvFormat, type ModelCard } from '../../src/schema/model.ts';
import { M8, M70 } from '../acceptance/fixtures.ts';

const m70 = inlineModel.parse(M70);
const kvBytesPerTokenPerLayer = (model: ModelCard, format: KvFormat, group: number) =>
  attentionParts(model, format, group)[0]?.keptBytes ?? 0;
const mla = { q_lora_rank: 1536, kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 };

describe('KV cache', () => {
  test('of one token of a 70B with 8 KV heads is 327,680 B in 16 bits', () => {
    expect(kvBytesPerToken(m70, 'bf16', 1000)).toBe(2 * 80 * 8 * 128 * 2);
    expect(kvBytesPerToken(m70, 'fp8', 1000)).toBe(163_840);
  });

  test('splits over the group down to one head a GPU, then is copied', () => {
    const whole = kvBytesPerTokenPerLayer(m70, 'bf16', 1);
    expect([2, 4, 8, 16].map((group) => whole / kvBytesPerTokenPerLayer(m70, 'bf16', group))).toEqual([2, 4, 8, 8]);
  });

  test('of MLA is 1,152 B a token and layer on every GPU, whatever the group', () => {
    // DeepSeek-V2, sec. 2.1.2: (512 + 64) elements; equal to GQA with 2.25 groups of 128.
    const model = inlineModel.parse({ ...M70, mla });
    expect(kvBytesPerTokenPerLayer(model, 'bf16', 1)).toBe(1152);
    expect(kvBytesPerTokenPerLayer(model, 'bf16', 8)).toBe(1152);
    expect(kvBytesPerTokenPerLayer(model, 'bf16', 1)).toBe(2.25 * 2 * 128 * 2);
  });

  test('of a sliding layer stops growing at its window', () => {
    const model = inlineModel.parse({ ...M8, sliding: { window: 128, layers: 16 } });
    const perLayer = 2 * 8 * 128 * 2;
    expect(kvBytesPerSequence(model, 'bf16', 1, 100)).toBe(32 * perLayer * 100);
    expect(kvBytesPerSequence(model, 'bf16', 1, 1000)).toBe(perLayer * (16 * 1000 + 16 * 128));
    expect(kvBytesPerToken(model, 'bf16', 1000)).toBeLessThan(kvBytesPerToken(model, 'bf16', 100));
  });
});
