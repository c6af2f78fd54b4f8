import { type StepLoad, stepSeconds } from '../../src/perf/step-time.ts';
import type { Replica } from '../../src/serving/replica.ts';
import { lengthQuantile } from '../../src/traffic/lengths.ts';

/** What became of one request. */
export interface PlainRequest {
  arrival: number;
  firstToken: number;
  finish: number;
  outputTokens: number;
}

interface Running extends PlainRequest {
  prompt: number;
  prefilled: number;
  past: number;
  emitted: number;
}

/** A small generator of its own (mulberry32), so that the oracle shares nothing with what it checks. */
export function plainRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function loadOf(running: readonly Running[], chunks: ReadonlyMap<Running, number>, window: number): StepLoad {
  const load: StepLoad = {
    decodeSequences: 0,
    contextFull: 0,
    contextSliding: 0,
    promptTokens: 0,
    promptWorkFull: 0,
    promptWorkSliding: 0,
    promptKvTokens: 0,
    emitted: 0,
  };
  for (const request of running) {
    const chunk = chunks.get(request);
    if (chunk === undefined) {
      if (request.prefilled < request.prompt) continue;
      const context = request.past + request.prompt + request.emitted;
      load.decodeSequences += 1;
      load.contextFull += context;
      load.contextSliding += Math.min(context, window);
      load.emitted += 1;
      continue;
    }
    const before = request.past + request.prefilled;
    load.promptTokens += chunk;
    load.promptWorkFull += chunk * before + (chunk * chunk) / 2;
    load.promptKvTokens += before + chunk;
    if (request.prefilled + chunk >= request.prompt) load.emitted += 1;
  }
  return load;
}

/**
 * One replica, one engine iteration after the other, as plainly as it can be written: decodes first, then prompts in
 * the order they came while the token budget lasts, at most so many sequences at once. No paging: the sequence slots
 * stand for the cache. Full attention only.
 *
 * @param rate requests a second, Poisson; lengths as the plan draws them, input and output independent
 */
export function runPlainReplica(
  replica: Replica,
  lengths: { output: { mean: number; cv: number } },
  rate: number,
  requests: number,
  seed: number,
): PlainRequest[] {
  const random = plainRandom(seed);
  const draw = (length: { mean: number; cv: number }) =>
    Math.max(1, Math.round(lengthQuantile(length, 1e-9 + random() * (1 - 2e-9))));
  const waiting: Running[] = [];
  let arrival = 0;
  for (let i = 0; i < requests; i++) {
    arrival -= Math.log(1 - random()) / rate;
    const prompt = draw({ mean: replica.means.newPrompt, cv: replica.means.inputCv });
    const outputTokens = draw(lengths.output);
    waiting.push({
      arrival,
      prompt,
      outputTokens,
      past: replica.means.past,
      prefilled: 0,
      emitted: 0,
      firstToken: 0,
      finish: 0,
    });
  }
  const done: PlainRequest[] = [];
  let running: Running[] = [];
  let next = 0;
  let now = 0;
  while (done.length < requests) {
    if (running.length === 0 && next < requests) now = Math.max(now, (waiting[next] as Running).arrival);
    let budget = replica.tokenBudget - running.filter((request) => request.prefilled >= request.prompt).length;
    const chunks = new Map<Running, number>();
    const offer = (request: Running) => {
      const chunk = Math.min(budget, request.prompt - request.prefilled);
      if (chunk <= 0) return;
      chunks.set(request, chunk);
      budget -= chunk;
    };
    for (const request of running) if (request.prefilled < request.prompt) offer(request);
    while (
      next < requests &&
      (waiting[next] as Running).arrival <= now &&
      running.length < replica.slots &&
      budget > 0
    ) {
      const request = waiting[next++] as Running;
      running.push(request);
      offer(request);
    }
    now += stepSeconds(replica.step, loadOf(running, chunks, replica.window));
    for (const request of running) {
      const chunk = chunks.get(request);
      if (chunk !== undefined) request.prefilled += chunk;
      if (request.prefilled < request.prompt) continue;
      if (chunk !== undefined) request.firstToken = now;
      request.emitted += 1;
      if (request.emitted >= request.outputTokens) {
        request.finish = now;
        done.push(request);
      }
    }
    running = running.filter((request) => request.emitted < request.outputTokens);
  }
  return done;
}
