import { boardShare } from '../../energy/power.ts';
import { workAt } from '../../fleet/month-power.ts';
import { stepSeconds } from '../../perf/step-time.ts';
import type { Plan } from '../../scenario/plan.ts';
import { envelopeLimits, QUANTILES } from '../../serving/envelope.ts';
import { tpotQuantile, ttftQuantile } from '../../serving/latency.ts';
import type { Replica } from '../../serving/replica.ts';
import {
  inFlight,
  iteration,
  prefillSeconds,
  promptShareOf,
  type SteadyState,
  steadyState,
} from '../../serving/steady-state.ts';
import type { Watts } from '../../units/quantity.ts';
import { measuredReplica } from './measured-replica.ts';
import { Skip } from './measured-row.ts';
import { type MeasuredRun, requestsHere } from './measured-run.ts';
import type { LatencyFigures, RunFigures } from './run-figures.ts';
import { serverPath } from './server-path.ts';

const always = (seconds: number): LatencyFigures => ({ mean: seconds, p50: seconds, p99: seconds });

/** Mean board power at a rate, by what the iterations that bear it do. */
function boardWatts(plan: Plan, replica: Replica, requestsPerSecond: number): Watts | undefined {
  const { tdp } = plan.gpu;
  if (tdp === undefined) return undefined;
  const state = stateAtRate(envelopeLimits(replica, []).stateAt, requestsPerSecond);
  const promptShare = promptShareOf(replica, state);
  const { work } = workAt(replica, { running: state.decoding, busy: 1, promptShare });
  return tdp * boardShare(plan.facility.power, 1, work);
}

/** Time of all prompts of a batch with nothing decoding, in as few iterations as the budget allows, and their number. */
function batchPrefill(replica: Replica, batch: number): { seconds: number; iterations: number } {
  const tokens = batch * replica.means.newPrompt;
  const iterations = Math.max(1, Math.ceil(tokens / replica.tokenBudget - 1e-9));
  return { seconds: iterations * stepSeconds(replica.step, iteration(replica, 0, tokens / iterations)), iterations };
}

/**
 * A batch that starts together: its prompts, then one pass a token at contexts that grow, whose sum is that many passes
 * at the mean context, a pass being affine in it.
 *
 * What the cache has no room for waits, so that the batch runs in waves; their number is taken as a real one, as
 * requests of a later wave start when those of an earlier one end, not all at once.
 */
function staticFigures(run: MeasuredRun, plan: Plan, batch: number): RunFigures {
  const replica = measuredReplica(run, plan);
  const { means } = replica;
  const atOnce = Math.min(batch, replica.slots);
  const prompts = batchPrefill(replica, atOnce);
  const pass = means.decodePasses === 0 ? 0 : stepSeconds(replica.step, iteration(replica, atOnce, 0));
  const wave = prompts.seconds + means.decodePasses * pass;
  const waves = batch / atOnce;
  const seconds = waves * wave;
  const waiting = ((waves - 1) / 2) * wave;
  const first = (prompts.seconds * (prompts.iterations + 1)) / (2 * prompts.iterations);
  const requestsPerSecond = (run.copies * batch) / seconds;
  return {
    ttft: { mean: waiting + first, p50: waiting + first, p99: seconds - wave + prompts.seconds },
    ...(means.decodePasses === 0 ? {} : { tpot: always(pass), itl: always(pass) }),
    batchSeconds: seconds,
    requestsPerSecond,
    input: means.input,
    output: means.output,
    promptTokensPerSecond: (run.copies * atOnce * means.input) / prompts.seconds,
    ...optionalPower(plan, replica, requestsPerSecond / run.copies),
  };
}

function optionalPower(plan: Plan, replica: Replica, requestsPerSecond: number): Pick<RunFigures, 'boardWatts'> {
  const watts = boardWatts(plan, replica, requestsPerSecond);
  return watts === undefined ? {} : { boardWatts: watts };
}

/** Sequences that decode while `wanted` requests are in flight, as far as there is room for them. */
function decodingOf(replica: Replica, wanted: number): number {
  const most = Math.min(wanted, replica.slots);
  let decoding = most;
  for (let i = 0; i < 4; i++) {
    decoding = Math.min(most, Math.max(1, (decoding * wanted) / inFlight(steadyState(replica, decoding))));
  }
  return decoding;
}

/** Gaps between tokens: those of plain iterations and those that carried a chunk. */
function gaps(state: SteadyState): LatencyFigures {
  const at = (share: number) => (state.chunkShare > 1 - share ? state.chunkStep : state.plainStep);
  return { mean: state.tpot, p50: at(0.5), p99: at(0.99) };
}

/**
 * A closed loop: the steady state with what decodes of the requests in flight. A request that follows an answer arrives
 * as an iteration ends and waits for none; it waits for prompts ahead of it (M/D/1 at the share of time that prompts
 * take) and, where more are in flight than have room, for a place (Little's law). One request in `rounds` belongs to
 * the first burst, where prompts come one after another.
 */
function closedFigures(run: MeasuredRun, plan: Plan, users: number, rounds: number): RunFigures {
  const replica = measuredReplica(run, plan);
  const { means } = replica;
  if (means.decodePasses === 0) return staticFigures(run, plan, users);
  const state = steadyState(replica, decodingOf(replica, users));
  const busy = Math.min(0.95, state.requestsPerSecond * state.prefill);
  const ahead = (busy / (2 * (1 - busy))) * state.prefill;
  const place = Math.max(0, users - replica.slots) / state.requestsPerSecond;
  const path = serverPath(run, replica);
  const work = path.perRequest + path.perPromptToken * means.input;
  const steady = path.latency + work + state.prefill + ahead + place;
  const burst = Math.max(batchPrefill(replica, Math.min(users, replica.slots)).seconds, users * work);
  return {
    ttft: {
      mean: (1 - 1 / rounds) * steady + (path.latency + place + burst / 2) / rounds,
      p50: steady,
      p99: Math.max(steady, place + burst),
    },
    tpot: always(state.tpot),
    itl: gaps(state),
    requestsPerSecond: run.copies * state.requestsPerSecond,
    input: means.input,
    output: means.output,
    promptTokensPerSecond: means.input / prefillSeconds(replica, 0, means.newPrompt),
    ...optionalPower(plan, replica, state.requestsPerSecond),
  };
}

/** Everything queued at once: the rate at which as many run as there is room for. */
function offlineFigures(run: MeasuredRun, plan: Plan): RunFigures {
  const replica = measuredReplica(run, plan);
  const { stateAt, saturation } = envelopeLimits(replica, []);
  const state = stateAt(1);
  return {
    ...(replica.means.decodePasses === 0 ? {} : { tpot: always(state.tpot), itl: gaps(state) }),
    requestsPerSecond: run.copies * saturation.requestsPerSecond,
    input: replica.means.input,
    output: replica.means.output,
    ...optionalPower(plan, replica, saturation.requestsPerSecond),
  };
}

/** Mean, median and 99th percentile from the latency at every quantile of the envelope. */
function overQuantiles(at: (quantile: number) => number): LatencyFigures {
  let mean = 0;
  let last = 0;
  QUANTILES.forEach((quantile, i) => {
    const next = QUANTILES[i + 1];
    const upTo = next === undefined ? 1 : (quantile + next) / 2;
    mean += (upTo - last) * at(quantile);
    last = upTo;
  });
  return { mean, p50: at(0.5), p99: at(0.99) };
}

function openFigures(run: MeasuredRun, plan: Plan, requestsPerSecond: number): RunFigures {
  const replica = measuredReplica(run, plan);
  const { stateAt, saturation } = envelopeLimits(replica, []);
  const level = requestsPerSecond / run.copies / saturation.requestsPerSecond;
  if (level >= 1) {
    throw new Skip('the rate is beyond what we think it can serve: latency then depends on how long it was measured');
  }
  const state = stateAtRate(stateAt, requestsPerSecond / run.copies);
  const served = { ...replica, frontEnd: serverPath(run, replica) };
  return {
    ttft: overQuantiles((quantile) => ttftQuantile(served, state, quantile)),
    ...(replica.means.decodePasses === 0
      ? {}
      : { tpot: overQuantiles((quantile) => tpotQuantile(replica, state, quantile)), itl: gaps(state) }),
    requestsPerSecond,
    input: replica.means.input,
    output: replica.means.output,
    ...optionalPower(plan, replica, requestsPerSecond / run.copies),
  };
}

/** Throughput rises with the level, so bisection finds the state at a rate. */
function stateAtRate(stateAt: (level: number) => SteadyState, requestsPerSecond: number): SteadyState {
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (stateAt(middle).requestsPerSecond < requestsPerSecond) low = middle;
    else high = middle;
  }
  return stateAt(high);
}

/** What the closed form says of a measured run. */
export function closedFormFigures(run: MeasuredRun, plan: Plan): RunFigures {
  switch (run.load.kind) {
    case 'static':
      return staticFigures(run, plan, requestsHere(run, run.load.batch));
    case 'closed':
      return closedFigures(run, plan, requestsHere(run, run.load.users), run.load.rounds);
    case 'offline':
      return offlineFigures(run, plan);
    case 'open':
      return openFigures(run, plan, run.load.requestsPerSecond);
  }
}
