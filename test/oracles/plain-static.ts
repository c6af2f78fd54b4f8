import { stepSeconds } from '../../src/perf/step-time.ts';
import type { SchedulingRule } from '../../src/serving/engine-spec.ts';
import { addChunk, addDecoding, emptyLoad } from './plain-iteration.ts';
import { blocksFor, finish, leaveQueue, type PlainRequest, type PlainRun, takeArrivals } from './plain-request.ts';

type StaticRule = Extract<SchedulingRule, { kind: 'static' }>;

const longestPrompt = (members: readonly PlainRequest[]) => Math.max(...members.map(({ draft }) => draft.input));
const longestAnswer = (members: readonly PlainRequest[]) => Math.max(...members.map(({ draft }) => draft.output));

/** Blocks of a batch: all members are padded to the longest prompt and the longest answer. */
function batchBlocks(run: PlainRun, members: readonly PlainRequest[]): number {
  return members.length * blocksFor(run.spec, longestPrompt(members) + longestAnswer(members) - 1);
}

/** Takes the oldest requests off the queue, as many as a batch may have and the cache holds. */
function takeBatch(run: PlainRun, rule: StaticRule, waiting: PlainRequest[]): PlainRequest[] {
  const members: PlainRequest[] = [];
  for (;;) {
    const next = waiting[0];
    if (next === undefined || members.length >= Math.min(rule.batch, run.spec.slots)) return members;
    if (batchBlocks(run, [...members, next]) > run.spec.kvBlocks) {
      run.seen.blockedAdmissions += 1;
      return members;
    }
    members.push(next);
    waiting.shift();
  }
}

function countIteration(run: PlainRun, members: number, seconds: number): void {
  run.now += seconds;
  run.totals.iterations += 1;
  run.totals.busySeconds += seconds;
  run.totals.runningSeconds += members * seconds;
}

/** All prompts at once, then one token for each member until the longest answer is there; all end together. */
function runBatch(run: PlainRun, members: readonly PlainRequest[]): void {
  const { step, window } = run.spec;
  const prompt = longestPrompt(members);
  run.totals.peakBlocks = Math.max(run.totals.peakBlocks, batchBlocks(run, members));
  const prefill = emptyLoad();
  for (const member of members) {
    const { cached } = member.draft;
    leaveQueue(run, member);
    addChunk(prefill, cached, prompt - cached, window);
    prefill.emitted += 1;
    run.totals.cachedTokens += cached;
  }
  run.totals.promptTokens += prefill.promptTokens;
  countIteration(run, members.length, stepSeconds(step, prefill));
  for (const member of members) member.firstToken = run.now;
  for (let emitted = 1; emitted < longestAnswer(members); emitted++) {
    const load = emptyLoad();
    for (const _ of members) addDecoding(load, prompt + emitted, window);
    countIteration(run, members.length, stepSeconds(step, load));
  }
  for (const member of members) {
    run.totals.outputTokens += member.draft.output;
    finish(run, member, run.now);
  }
}

/** Static batching: a batch starts when it is full, when its oldest has waited long enough, or when nobody follows. */
export function runPlainStatic(run: PlainRun, rule: StaticRule): void {
  const waiting: PlainRequest[] = [];
  for (;;) {
    waiting.push(...takeArrivals(run, run.now));
    const { nextArrival } = run.source;
    const nobodyFollows = nextArrival === Number.POSITIVE_INFINITY;
    const oldest = waiting[0];
    if (oldest === undefined) {
      if (nobodyFollows) return;
      run.now = nextArrival;
      continue;
    }
    const patience = oldest.draft.arrival + rule.maxWait;
    if (waiting.length >= rule.batch || patience <= run.now || nobodyFollows) {
      runBatch(run, takeBatch(run, rule, waiting));
    } else {
      run.now = Math.min(nextArrival, patience);
    }
  }
}
