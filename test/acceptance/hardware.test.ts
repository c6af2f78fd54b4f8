import { describe, expect, test } from 'vitest';
import { M8, M70, type Raw, runText, runWith } from './fixtures.ts';

const TINY = { requests_per_day: 1000, input_tokens: 10, output_tokens: 10 };

describe('accelerators of the catalog', () => {
  const physics = (gpu: string) => runWith({ model: M8, serving: { gpu, weights: 'bf16' }, traffic: TINY }).physics;

  test('E20 from A100 to H100 arithmetic grows 3.17 times and bandwidth by 64 %', () => {
    const [a100, h100] = [physics('A100'), physics('H100')];
    expect(h100.single_sequence_steps_per_s / a100.single_sequence_steps_per_s).toBeCloseTo(1.643, 3);
    // The crossover batch is arithmetic over bandwidth.
    expect((h100.crossover_batch / a100.crossover_batch) * 1.643).toBeCloseTo(3.17, 2);
  });

  test.each([
    'a100-sxm4-40gb',
    'a100-sxm4-80gb',
    'l4',
    'h100-sxm5-80gb',
    'h200-sxm-141gb',
    'b200-sxm-180gb',
    'trn2',
    'TPU v5e-1',
    'TPU v6e',
    'TPU7x',
    'Gaudi 3',
    'MI355X',
    'M3 Ultra',
  ])('E20 %s serves M8', (gpu) => {
    const small = { ...M8, parameters: 2e9 };
    const { status, physics: found } = runWith({ model: small, serving: { gpu, weights: 'bf16' }, traffic: TINY });
    expect(status).toBe('ok');
    expect(found.single_sequence_steps_per_s).toBeGreaterThan(50);
  });
});

describe('quantisation', () => {
  const roomy = {
    dense_flops: { bf16: '989.4 TFLOP/s', fp8: '1979 TFLOP/s' },
    memory: { marketed: '4 TB' },
    memory_bandwidth: '3.35 TB/s',
  };
  const physics = (weights: string, serving: Raw = {}) =>
    runWith({ model: M70, serving: { gpu: roomy, weights, ...serving }, traffic: TINY }).physics;

  test('E09 int4 weights alone make 4.0 times the steps of bf16', () => {
    const ratio = physics('int4').single_sequence_steps_per_s / physics('bf16').single_sequence_steps_per_s;
    expect(ratio).toBeCloseTo(4, 1);
  });

  test('E09 where arithmetic bounds the batch, weight-only formats gain 5 % at most and fp8 gains 2 times', () => {
    const seconds = (weights: string) => physics(weights, { max_batch: 4096 }).decode_full.seconds;
    expect(seconds('bf16') / seconds('int4')).toBeLessThanOrEqual(1.05);
    expect(seconds('bf16') / seconds('fp8')).toBeGreaterThan(1.8);
  });

  test('E09 an fp8 cache is read in half the time', () => {
    const traffic = { requests_per_day: 100, input_tokens: 20_000, output_tokens: 10 };
    const reading = (kv_cache: string) => {
      const { physics: found } = runWith({ model: M70, serving: { gpu: roomy, weights: 'bf16', kv_cache }, traffic });
      return found.decode_single.seconds * found.decode_single.shares.kv;
    };
    expect(reading('bf16') / reading('fp8')).toBeCloseTo(2, 6);
  });

  test.each([
    ['fp8', 'a100-sxm4-80gb', 'fp8 weights on NVIDIA A100 SXM4 80 GB are unpacked to 16 bits (bf16)'],
    ['bf16', 'T4', 'bf16 weights on NVIDIA T4 16 GB are computed in fp16'],
  ])('E09 the result says that %s on %s is a stand-in', (weights, gpu, said) => {
    const { warnings } = runWith({ model: { ...M8, parameters: 2e9 }, serving: { gpu, weights }, traffic: TINY });
    expect(warnings.some((warning) => warning.startsWith(said))).toBe(true);
  });
});

test('a GPU that is not shipped runs from the numbers of its datasheet; what it does not say is listed', () => {
  const result = runText(`
rackrate: 1
name: a part from its datasheet
model: qwen3-8b
serving:
  gpu:
    name: Example 48 GB
    dense_flops: { bf16: 200 TFLOP/s, fp8: 400 TFLOP/s }
    memory: { marketed: 48 GB }
    memory_bandwidth: 1.2 TB/s
  weights: fp8
  replicas: 1
traffic: { requests_per_day: 1000, input_tokens: 500, output_tokens: 100 }
capacity: { rent: { price: 0.80 USD/h } }
`);
  expect(result.status).toBe('ok');
  expect(result.subject.gpu).toBe('Example 48 GB');
  const usable = result.defaults_used.find(({ path }) => path.endsWith('usable'));
  expect(usable).toMatchObject({ value: 48e9 });
  // 8.2e9 B of weights over 1.2 TB/s is 6.8 ms, and nothing decodes faster than that.
  expect(result.physics.decode_single.seconds).toBeGreaterThan(6.8e-3);
});
