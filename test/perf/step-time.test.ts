import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parameterCount } from '../../src/model/parameters.ts';
import { weightBytesPerGpu } from '../../src/model/weights.ts';
import { ONE_LANE } from '../../src/perf/parallelism.ts';
import {
  compileStepModel,
  contextShare,
  crossoverBatch,
  decodeConstant,
  decodeSlopes,
  emptyLoad,
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
  host: { per_iteration: 0, per_sequence: 0, launch_scale: 1, rate: 1, unpacked_moe_layer: 0 },
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
const HOST = { per_iteration: 1e-3, per_sequence: 7e-6, launch_scale: 1.5, rate: 0.8, unpacked_moe_layer: 30e-6 };

/** Any layout an engine would start with; GPUs beyond one machine are joined by a network. */
const layout = fc
  .record({
    tensorParallel: fc.constantFrom(1, 2, 4, 8),
    pipelineParallel: fc.constantFrom(1, 1, 2, 3),
    attentionDataParallel: fc.constantFrom(1, 1, 2, 8),
    isDealt: fc.boolean(),
  })
  .map(({ isDealt, ...sizes }) => ({
    ...sizes,
    expertParallel: isDealt ? Math.min(8, sizes.tensorParallel * sizes.attentionDataParallel) : 1,
  }));

const parts = fc.record({
  model: fc.constantFrom('llama-3.3-70b', 'gpt-oss-120b', 'deepseek-v3', 'mixtral-8x7b').map(modelCard),
  calibration: fc.constantFrom(IDEAL, FITTED),
  host: fc.constantFrom(SPEC.host, HOST),
  weights: fc.constantFrom('bf16', 'fp8', 'mxfp4', 'int4'),
  kvCache: fc.constantFrom('bf16', 'fp8'),
  gpu: fc.constant(H100),
  network: fc.constant({ bandwidth: 50e9, latency: 5e-6 }),
  promptGrain: fc.constantFrom(1, 500, 8192),
});

const spec = fc.tuple(parts, layout).map(([rest, sizes]): ReplicaSpec => {
  const dense = { expertParallel: 1, attentionDataParallel: 1 };
  return { ...rest, ...sizes, ...(rest.model.moe === undefined ? dense : {}) };
});

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
    expect(HOST.rate * stepSeconds(hosted, batch) - stepSeconds(bare, batch)).toBeCloseTo(extra, 9);
  });

  test('an engine of twice the rate takes half the time', () => {
    const batch = { ...DECODE, decodeSequences: 10, emitted: 10, promptTokens: 100 };
    const fast = compileStepModel({ ...SPEC, calibration: FITTED, host: { ...SPEC.host, rate: 2 } });
    expect(2 * stepSeconds(fast, batch)).toBeCloseTo(stepSeconds(bare, batch), 12);
  });

  test('a short prompt waits for eager launches', () => {
    const seconds = stepSeconds(compileStepModel({ ...SPEC, calibration: { ...FITTED, eager_layer_floor: 0.01 } }), {
      ...DECODE,
      promptTokens: 1,
    });
    expect(seconds).toBeCloseTo(80 * 0.01, 9);
  });
});

describe('layouts, by hand and nothing lost', () => {
  const llama = (more: Partial<ReplicaSpec>) => compileStepModel({ ...SPEC, ...more });
  const batch = (sequences: number): StepLoad => ({ ...DECODE, decodeSequences: sequences, emitted: sequences });

  test('four stages: one sequence takes as long as on one GPU, four as long as one, each in its stage', () => {
    const alone = stepSeconds(llama({}), batch(1));
    const staged = llama({ pipelineParallel: 4 });
    expect(stepSeconds(staged, batch(1)) / alone).toBeCloseTo(1, 9);
    // The last stage also reads the head, and the others wait for it: 4 x (20 layers + head).
    const layer = (2 * (2 * 8192 * 64 * 128 + 2 * 8192 * 8 * 128 + 3 * 8192 * 28_672 + 2 * 8192)) / 3.35e12;
    const head = (2 * 128_256 * 8192) / 3.35e12;
    expect(stepSeconds(staged, batch(4)) / (4 * (20 * layer + head))).toBeCloseTo(1, 5);
  });

  test('context is read by the lanes at once', () => {
    const staged = llama({ pipelineParallel: 4 });
    const more = (sequences: number) =>
      stepSeconds(staged, { ...batch(sequences), contextFull: 1000 }) - stepSeconds(staged, batch(sequences));
    expect(more(1) / (327_680_000 / 3.35e12)).toBeCloseTo(1, 6);
    expect(more(2) / (327_680_000 / 3.35e12 / 2)).toBeCloseTo(1, 6);
    expect(more(400) / (327_680_000 / 3.35e12 / 4)).toBeCloseTo(1, 6);
  });

  test('eight ranks of DeepSeek: attention of its own sixteen sequences, experts of all 128', () => {
    const model = modelCard('deepseek-v3');
    const layout = { tensorParallel: 1, pipelineParallel: 1, expertParallel: 1, attentionDataParallel: 8 };
    const calibration = { ...IDEAL, combine: 'sum' as const };
    const step = compileStepModel({ ...SPEC, ...layout, model, calibration, weights: 'fp8' });
    const { linearBytes, linearFlop } = stepTerms(step, batch(128));
    const expert = 3 * 7168 * 2048;
    const touched = 58 * 256 * (1 - (1 - 8 / 256) ** 128) * expert;
    // The embedding table stays in 16 bits and is looked up, not read.
    const rest = weightBytesPerGpu(model, 'fp8', 1) - 58 * 256 * expert - 2 * 129_280 * 7168;
    expect(linearBytes / (touched / 8 + rest)).toBeCloseTo(1, 9);
    const active = parameterCount(model).active - 58 * 8 * expert;
    expect(linearFlop / (2 * (16 * active + (128 * 58 * 8 * expert) / 8))).toBeCloseTo(1, 9);
  });

  test('without ranks and stages there are no lanes, and one lane is none', () => {
    fc.assert(
      fc.property(spec, load, (replica, at) => {
        const plain = compileStepModel({
          ...replica,
          pipelineParallel: 1,
          attentionDataParallel: 1,
          expertParallel: 1,
        });
        expect(plain.parallel).toBeUndefined();
        const parallel = {
          lanes: ONE_LANE,
          exchange: { layers: 0, ways: [] },
          handOver: { times: 0, latency: 0, perToken: 0 },
          hostPerIteration: 0,
          stages: [],
        };
        expect(stepSeconds({ ...plain, parallel }, at)).toBe(stepSeconds(plain, at));
      }),
    );
  });

  test('a decode step is its constant and its share of the slopes', () => {
    fc.assert(
      fc.property(spec, load, (replica, at) => {
        const model = compileStepModel(replica);
        const { decodeSequences: n, contextFull, contextSliding } = at;
        const slopes = decodeSlopes(model);
        const context = contextShare(model, n) * (slopes.full * contextFull + slopes.sliding * contextSliding);
        const step = stepSeconds(model, {
          ...emptyLoad(),
          decodeSequences: n,
          contextFull,
          contextSliding,
          emitted: n,
        });
        expect(Math.abs((decodeConstant(model, n) + context) / step - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  test('a faster link or network is never slower', () => {
    fc.assert(
      fc.property(spec, load, fc.double({ min: 1, max: 8, noNaN: true }), (replica, at, factor) => {
        const { gpu, network = { bandwidth: 1, latency: 0 } } = replica;
        const seconds = stepSeconds(compileStepModel(replica), at);
        const link = gpu.link && { ...gpu.link, bandwidth: gpu.link.bandwidth * factor };
        const wider = { ...network, bandwidth: network.bandwidth * factor };
        for (const better of [{ gpu: { ...gpu, link } }, { network: wider }]) {
          expect(stepSeconds(compileStepModel({ ...replica, ...better }), at)).toBeLessThanOrEqual(seconds * slack);
        }
      }),
    );
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
        const sequences = at.decodeSequences + 1;
        const more = {
          ...at,
          decodeSequences: sequences,
          emitted: sequences,
          contextFull: (at.contextFull / at.decodeSequences) * sequences,
          contextSliding: (at.contextSliding / at.decodeSequences) * sequences,
          promptTokens: at.promptTokens + 1,
          promptWorkFull: at.promptWorkFull + at.promptTokens + 1,
          promptWorkSliding: at.promptWorkSliding + 64,
          promptKvTokens: at.promptKvTokens + 1,
        };
        expect(stepSeconds(compileStepModel(replica), more)).toBeGreaterThanOrEqual(seconds / slack);
      }),
    );
  });

  test('the ideal engine is never slower than a calibrated one', () => {
    fc.assert(
      fc.property(spec, load, (replica, at) => {
        // Which experts are popular is no efficiency: it is the same on both.
        const calibration = { ...IDEAL, expert_dispersion: FITTED.expert_dispersion };
        const ideal = compileStepModel({ ...replica, calibration, host: SPEC.host });
        const fitted = compileStepModel({ ...replica, calibration: FITTED, host: HOST });
        expect(stepSeconds(ideal, at)).toBeLessThanOrEqual(stepSeconds(fitted, at));
      }),
    );
  });
});
