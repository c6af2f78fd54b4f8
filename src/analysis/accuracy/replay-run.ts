import { quantileOfSorted } from '../../math/quantile.ts';
import type { Plan } from '../../scenario/plan.ts';
import type { EndedRequest, EngineSpec, RequestSink, RunTotals } from '../../serving/engine-spec.ts';
import { engineSpec } from '../../serving/replica.ts';
import type { Timeline } from '../../serving/run-records.ts';
import { runReplica } from '../../serving/run-replica.ts';
import { closedSource } from '../../traffic/closed-source.ts';
import { behindFrontEnd, type FrontEndSource } from '../../traffic/front-end.ts';
import { openSource } from '../../traffic/open-source.ts';
import type { RequestSource } from '../../traffic/request-source.ts';
import { closedFormFigures } from './closed-form-run.ts';
import { measuredReplica } from './measured-replica.ts';
import { Skip } from './measured-row.ts';
import { type MeasuredRun, requestsHere } from './measured-run.ts';
import type { LatencyFigures, RunFigures } from './run-figures.ts';
import { serverPath } from './server-path.ts';

/** Lengths and arrivals are drawn alike in every run, so that runs differ by what they are runs of. */
const SEED = 1;

/** Every latency of a run, to take the quantiles that a benchmark prints: runs have thousands of requests, not more. */
class RunRecorder implements RequestSink {
  private readonly ttft: number[] = [];
  private readonly tpot: number[] = [];
  private gapSeconds = 0;
  private gapCount = 0;
  private inputs = 0;
  private outputs = 0;
  firstTokenOfLast = 0;
  private readonly delayOf: (tag: number) => number;

  /** @param delayOf what a request took to reach the engine */
  constructor(delayOf: (tag: number) => number) {
    this.delayOf = delayOf;
  }

  ended(request: EndedRequest): void {
    const { firstToken, finish, output } = request;
    this.ttft.push(firstToken - request.arrival + this.delayOf(request.tag));
    if (output > 1) this.tpot.push((finish - firstToken) / (output - 1));
    this.gapSeconds += finish - firstToken;
    this.gapCount += output - 1;
    this.inputs += request.input;
    this.outputs += output;
    this.firstTokenOfLast = Math.max(this.firstTokenOfLast, firstToken);
  }

  /** Figures of one engine; `copies` of them make the system. */
  figures(totals: RunTotals, gaps: GapWatch, copies: number): RunFigures {
    const requests = this.ttft.length;
    if (requests === 0) throw new Skip('no request of the run fits into the cache');
    const tpot = summary(this.tpot);
    const mean = this.gapSeconds / this.gapCount;
    return {
      ttft: summary(this.ttft),
      ...(this.gapCount === 0 ? {} : { tpot, itl: { mean, p50: gaps.median() ?? mean, p99: tpot.p99 } }),
      requestsPerSecond: (copies * requests) / totals.end,
      input: this.inputs / requests,
      output: this.outputs / requests,
    };
  }

  promptTokensPerSecond(copies: number): number {
    return (copies * this.inputs) / this.firstTokenOfLast;
  }
}

/**
 * The gaps between the tokens of a run, those of iterations with prompts apart from those without. As long as most are
 * without, the median gap is about the mean of those: an iteration's time moves little while no prompt comes in.
 */
class GapWatch implements Timeline {
  private plainSeconds = 0;
  private plainGaps = 0;
  private gaps = 0;

  span(_: number, seconds: number, iterations: number, decoding: number, promptTokens: number): void {
    this.gaps += iterations * decoding;
    if (promptTokens > 0) return;
    this.plainGaps += iterations * decoding;
    this.plainSeconds += seconds * decoding;
  }

  /** Undefined where most gaps hold a prompt. */
  median(): number | undefined {
    return 2 * this.plainGaps > this.gaps ? this.plainSeconds / this.plainGaps : undefined;
  }
}

function summary(values: number[]): LatencyFigures {
  const sorted = Float64Array.from(values).sort();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, p50: quantileOfSorted(sorted, 0.5), p99: quantileOfSorted(sorted, 0.99) };
}

/** Requests that come together, and others that follow as they are answered, up to a number in all. */
function requestsAtOnce(plan: Plan, inFlight: number, limit: number): RequestSource {
  return closedSource(plan.traffic, inFlight, { mean: 0, cv: 0 }, SEED, { limit });
}

interface Simulated {
  figures: RunFigures;
  totals: RunTotals;
  recorder: RunRecorder;
}

function simulate(run: MeasuredRun, spec: EngineSpec, source: RequestSource | FrontEndSource): Simulated {
  const recorder = new RunRecorder('delayOf' in source ? (tag) => source.delayOf(tag) : () => 0);
  const gaps = new GapWatch();
  const totals = runReplica(spec, source, recorder, { timeline: gaps });
  return { figures: recorder.figures(totals, gaps, run.copies), totals, recorder };
}

/**
 * What the request-by-request engine says of a measured run: the run is played as the benchmark played it and the
 * benchmark's own definitions are applied to all of its requests.
 *
 * - a closed loop: the first requests together, each answer followed by the next, a number of rounds in all
 * - a static batch: all together and none after them; latency is the last answer
 * - everything queued at once: rounds of as many as may run, over the whole run, start and end included
 * - Poisson arrivals: as many requests as the benchmark's card says
 */
export function replayFigures(run: MeasuredRun, plan: Plan): RunFigures {
  const replica = measuredReplica(run, plan);
  const spec = engineSpec(replica);
  const { load } = run;
  switch (load.kind) {
    case 'static': {
      const batch = requestsHere(run, load.batch);
      const { figures, totals, recorder } = simulate(run, spec, requestsAtOnce(plan, batch, batch));
      const promptTokensPerSecond = recorder.promptTokensPerSecond(run.copies);
      return withPower(run, plan, { ...figures, batchSeconds: totals.end, promptTokensPerSecond });
    }
    case 'closed': {
      const users = requestsHere(run, load.users);
      const source = requestsAtOnce(plan, users, users * load.rounds);
      return withPower(run, plan, simulate(run, spec, behindFrontEnd(source, serverPath(run, replica))).figures);
    }
    case 'offline': {
      const requests = load.requests === undefined ? replica.slots * load.rounds : requestsHere(run, load.requests);
      return withPower(run, plan, simulate(run, spec, requestsAtOnce(plan, requests, requests)).figures);
    }
    case 'open': {
      const perSecond = load.requestsPerSecond / run.copies;
      const source = openSource(plan.traffic, perSecond, SEED, { limit: load.requests });
      return withPower(run, plan, simulate(run, spec, behindFrontEnd(source, serverPath(run, replica))).figures);
    }
  }
}

/** Power follows the load, which the closed form knows as a share of the most; beyond it, it says nothing. */
function withPower(run: MeasuredRun, plan: Plan, figures: RunFigures): RunFigures {
  try {
    const { boardWatts } = closedFormFigures(run, plan);
    return boardWatts === undefined ? figures : { ...figures, boardWatts };
  } catch (error) {
    if (error instanceof Skip) return figures;
    throw error;
  }
}
