import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { weightBytesPerGpu } from '../../src/model/weights.ts';
import {
  compileStepModel,
  crossoverBatch,
  type ReplicaSpec,
  type StepLoad,
  stepSeconds,
  stepTerms,
} from '../../src/perf/step-time.ts';
import { FITTED, H100, IDEAL, modelCard } from './cards.ts';

const SPEC: ReplicaSpec = {
  model: modelCard('llama-3.3-70b'),
  gpu: H100,
  calibration: IDEAL,
  host: { per_iteration: 0, per_sequence: 0, launch_scale: 1, unpacked_moe_layer: 0 },
  weights: 'bf16',
  kvCache: 'bf16',
  tensorParallel: 1,
  pipelineParallel: 1,
  expertParallel: 1,
  attentionDataParallel: 1,
};
const DECODE: StepLoad = {
  decodeSequences: 1,
  contextFull: 0,
  contextSliding: 0,
  promptTokens: 0,
  promptWorkFull: 0,
  promptWorkSliding: 0,
  promptKvTokens: 0,
  emitted: 1,
};
const HOST = { per_iteration: 1e-3, per_sequence: 7e-6, launch_scale: 1.5, unpacked_moe_layer: 30e-6 };

const spec = fc.record({
  model: fc.constantFrom('llama-3.3-70b', 'gpt-oss-120b', 'deepseek-v3', 'mixtral-8x7b').map(modelCard),
  calibration: fc.constantFrom(IDEAL, FITTED),
  host: fc.constantFrom(SPEC.host, HOST),
  weights: fc.constantFrom('bf16', 'fp8', 'mxfp4', 'int4'),
  kvCache: fc.constantFrom('bf16', 'fp8'),
  tensorParallel: fc.constantFrom(1, 2, 4, 8),
  pipelineParallel: fc.constant(1),
  expertParallel: fc.constant(1),
  attentionDataParallel: fc.constant(1),
  gpu: fc.constant(H100),
}) satisfies fc.Arbitrary<ReplicaSpec>;

const load = fc
  .tuple(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 0, max: 8192 }))
  .map(([sequences, context, prompt]) => ({
    decodeSequences: sequences,
    contextFull: sequences * context,
    contextSliding: sequences * Math.min(context, 128),
    promptTokens: prompt,
    promptWorkFull: (prompt * prompt) / 2,
    promptWorkSliding: prompt * 64,
    promptKvTokens: prompt,
    emitted: sequences,
  }));

const slack = 1 + 1e-9;

describe('by hand, nothing lost', () => {
  test('one token reads all weights but the embedding table', () => {
    const table = 128_256 * 8192 * 2;
    const bytes = weightBytesPerGpu(SPEC.model, 'bf16', 1) - table;
    expect(stepSeconds(compileStepModel(SPEC), DECODE) / (bytes / 3.35e12)).toBeCloseTo(1, 12);
  });

  test('a stated count is read whole: 140e9 B over 3.35e12 B/s', () => {
    const model = { ...SPEC.model, parameters: 70e9 };
    expect(stepSeconds(compileStepModel({ ...SPEC, model }), DECODE)).toBeCloseTo(140e9 / 3.35e12, 9);
    expect(crossoverBatch(compileStepModel({ ...SPEC, model }))).toBeCloseTo(989.4e12 / 3.35e12, 6);
  });

  test('context adds its cache: 327,680 B a token', () => {
    const model = compileStepModel(SPEC);
    const more = stepSeconds(model, { ...DECODE, contextFull: 1000 }) - stepSeconds(model, DECODE);
    expect(more / (327_680_000 / 3.35e12)).toBeCloseTo(1, 9);
  });
});

describe('fixed times', () => {
  const bare = compileStepModel({ ...SPEC, calibration: FITTED });
  test('host time comes once an iteration and once a sequence; launches scale', () => {
    const hosted = compileStepModel({ ...SPEC, calibration: FITTED, host: HOST });
    const batch = { ...DECODE, decodeSequences: 10, emitted: 10 };
    const extra = 1e-3 + 10 * 7e-6 + 0.5 * 80 * FITTED.layer_overhead;
    expect(stepSeconds(hosted, batch) - stepSeconds(bare, batch)).toBeCloseTo(extra, 9);
  });

  test('a short prompt waits for eager launches', () => {
    const seconds = stepSeconds(compileStepModel({ ...SPEC, calibration: { ...FITTED, eager_layer_floor: 0.01 } }), {
      ...DECODE,
      promptTokens: 1,
    });
    expect(seconds).toBeCloseTo(80 * 0.01, 9);
  });
});

describe('laws', () => {
  test('affine in the context of each class', () => {
    fc.assert(
      fc.property(spec, load, fc.constantFrom('contextFull', 'contextSliding'), (replica, at, key) => {
        const model = compileStepModel(replica);
        const seconds = (context: number) => stepSeconds(model, { ...at, [key]: context });
        const middle = (seconds(0) + seconds(2 * at[key])) / 2;
        expect(Math.abs(seconds(at[key]) / middle - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  test('the terms sum to the step, and none is negative', () => {
    fc.assert(
      fc.property(spec, load, (replica, at) => {
        const { seconds, compute, weights, kv, allReduce, fixed } = stepTerms(compileStepModel(replica), at);
        expect(Math.abs((compute + weights + kv + allReduce + fixed) / seconds - 1)).toBeLessThan(1e-9);
        expect(Math.min(compute, weights, kv, allReduce, fixed)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('more bandwidth or compute is never slower; more sequences or prompts are never faster', () => {
    fc.assert(
      fc.property(spec, load, fc.double({ min: 1, max: 4, noNaN: true }), (replica, at, factor) => {
        const seconds = stepSeconds(compileStepModel(replica), at);
        const { gpu } = replica;
        const wider = { ...gpu, memory_bandwidth: gpu.memory_bandwidth * factor };
        const rates = Object.entries(gpu.dense_flops).map(([type, rate = 0]) => [type, rate * factor]);
        const stronger = { ...gpu, dense_flops: Object.fromEntries(rates) };
        for (const better of [wider, stronger]) {
          expect(stepSeconds(compileStepModel({ ...replica, gpu: better }), at)).toBeLessThanOrEqual(seconds * slack);
        }
        const more = { ...at, decodeSequences: at.decodeSequences + 1, promptTokens: at.promptTokens + 1 };
        expect(stepSeconds(compileStepModel(replica), more)).toBeGreaterThanOrEqual(seconds / slack);
      }),
    );
  });

  test('the ideal engine is never slower than a calibrated one', () => {
    fc.assert(
      fc.property(spec, load, (replica, at) => {
        const ideal = compileStepModel({ ...replica, calibration: IDEAL, host: SPEC.host });
        const fitted = compileStepModel({ ...replica, calibration: FITTED, host: HOST });
        expect(stepSeconds(ideal, at)).toBeLessThanOrEqual(stepSeconds(fitted, at));
      }),
    );
  });
});
