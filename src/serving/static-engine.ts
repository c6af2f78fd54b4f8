import { contextShare, decodeConstant, decodeSlopes, emptyLoad, stepSeconds } from '../perf/step-time.ts';
import { emptyDraft, type RequestDraft, type RequestSource } from '../traffic/request-source.ts';
import { attendedPositions } from './attended-positions.ts';
import { type EngineSpec, isTooLong, type RequestSink, type RunTotals } from './engine-spec.ts';
import { emptyEnded, emptyTotals, type RunOptions } from './run-records.ts';

/** The part of `sum over passes e = 1 … passes of min(prompt + e, window)` that a window leaves. */
function contextSum(prompt: number, passes: number, window: number): number {
  const below = Math.max(0, Math.min(passes, window - prompt));
  return (
    below * prompt + (below * (below + 1)) / 2 + (passes - below) * (window === Number.POSITIVE_INFINITY ? 0 : window)
  );
}

/**
 * One replica under static batching, what servers did before iterations were scheduled one by one: wait until the batch
 * is full (or its oldest request has waited long enough, or nobody else is coming), pad all prompts to the longest, run
 * until the longest answer is done, hand everything back, start over.
 *
 * @source Yu et al. 2022 (Orca), sec. 3, describes it as request-level scheduling
 */
export function runStatic(spec: EngineSpec, source: RequestSource, sink: RequestSink, options: RunOptions): RunTotals {
  if (spec.scheduling.kind !== 'static') throw new RangeError('static batching needs its rule');
  const { batch } = spec.scheduling;
  const until = options.until ?? Number.POSITIVE_INFINITY;
  const totals = emptyTotals();
  const waiting: RequestDraft[] = [];
  const clock = { now: 0 };
  while (gather(spec, source, waiting, totals, clock) && clock.now < until) {
    const { now } = clock;
    const members = waiting.splice(0, batchSize(spec, waiting, batch));
    for (const member of members) totals.waitingSeconds += now - member.arrival;
    const { prefill, decode } = batchSeconds(spec, members, totals);
    options.timeline?.span(now, prefill, 1, 0, padded(members), waiting.length, 0);
    options.timeline?.span(now + prefill, decode, longest(members) - 1, members.length, 0, waiting.length, 0);
    const end = now + prefill + decode;
    report(members, now, now + prefill, end, source, sink);
    totals.completed += members.length;
    totals.busySeconds += end - now;
    totals.promptSeconds += prefill;
    totals.runningSeconds += members.length * (end - now);
    clock.now = end;
  }
  totals.unfinished = waiting.length;
  totals.end = clock.now;
  return totals;
}

const blocksOf = (spec: EngineSpec, tokens: number) => Math.ceil(tokens / spec.blockTokens) + spec.stateBlocks;

const longest = (members: readonly RequestDraft[]) => members.reduce((most, one) => Math.max(most, one.output), 1);
const longestInput = (members: readonly RequestDraft[]) => members.reduce((most, one) => Math.max(most, one.input), 1);
const padded = (members: readonly RequestDraft[]) =>
  members.reduce((sum, one) => sum + longestInput(members) - one.cached, 0);

/** Lets time pass and arrivals come in until a batch may start; false where none ever will. */
function gather(
  spec: EngineSpec,
  source: RequestSource,
  waiting: RequestDraft[],
  totals: RunTotals,
  clock: { now: number },
): boolean {
  const rule = spec.scheduling;
  if (rule.kind !== 'static') return false;
  for (;;) {
    const next = source.nextArrival;
    const oldest = waiting[0];
    if (next === Number.POSITIVE_INFINITY) return oldest !== undefined;
    const due = oldest === undefined ? Number.POSITIVE_INFINITY : Math.max(clock.now, oldest.arrival + rule.maxWait);
    const start = waiting.length >= rule.batch ? clock.now : due;
    if (start < next) {
      clock.now = start;
      return true;
    }
    clock.now = Math.max(clock.now, next);
    takeOne(spec, source, waiting, totals);
  }
}

function takeOne(spec: EngineSpec, source: RequestSource, waiting: RequestDraft[], totals: RunTotals): void {
  const draft = emptyDraft();
  source.take(draft);
  totals.offered += 1;
  if (!isTooLong(spec, draft.input, draft.output)) {
    waiting.push(draft);
    return;
  }
  totals.refused += 1;
  source.ended(draft.tag, draft.arrival);
}

/** The oldest that fit together, each padded to the longest prompt and answer among them. */
function batchSize(spec: EngineSpec, waiting: readonly RequestDraft[], batch: number): number {
  let input = 0;
  let output = 0;
  let size = 0;
  while (size < Math.min(batch, spec.slots, waiting.length)) {
    const next = waiting[size] as RequestDraft;
    input = Math.max(input, next.input);
    output = Math.max(output, next.output);
    if ((size + 1) * blocksOf(spec, input + output - 1) > spec.kvBlocks) break;
    size += 1;
  }
  return size;
}

/** One pass for the prompts, then one for each further token of the longest answer, at contexts that grow together. */
function batchSeconds(
  spec: EngineSpec,
  members: readonly RequestDraft[],
  totals: RunTotals,
): { prefill: number; decode: number } {
  const { step, window } = spec;
  const count = members.length;
  const input = longestInput(members);
  const passes = longest(members) - 1;
  const load = { ...emptyLoad(), emitted: count };
  for (const { cached, output } of members) {
    const chunk = input - cached;
    load.promptTokens += chunk;
    load.promptWorkFull += chunk * cached + (chunk * chunk) / 2;
    if (window !== Number.POSITIVE_INFINITY) load.promptWorkSliding += attendedPositions(cached, chunk, window);
    load.promptKvTokens += input;
    totals.cachedTokens += cached;
    totals.outputTokens += output;
  }
  totals.promptTokens += load.promptTokens;
  totals.iterations += 1 + passes;
  totals.peakBlocks = Math.max(totals.peakBlocks, count * blocksOf(spec, input + passes));
  const slopes = decodeSlopes(step);
  const share = contextShare(step, count);
  const full = count * contextSum(input, passes, Number.POSITIVE_INFINITY);
  const sliding = window === Number.POSITIVE_INFINITY ? full : count * contextSum(input, passes, window);
  const decode = passes * decodeConstant(step, count) + share * (slopes.full * full + slopes.sliding * sliding);
  return { prefill: stepSeconds(step, load), decode: passes === 0 ? 0 : decode };
}

/** The whole batch is handed back at its end, short answers too. */
function report(
  members: readonly RequestDraft[],
  scheduled: number,
  firstToken: number,
  finish: number,
  source: RequestSource,
  sink: RequestSink,
): void {
  const record = emptyEnded();
  for (const member of members) {
    const { tag, priority, input, output, arrival } = member;
    const waited = scheduled - arrival;
    sink.ended(Object.assign(record, { tag, priority, input, output, arrival, scheduled, waited, firstToken, finish }));
    source.ended(tag, finish);
  }
}
