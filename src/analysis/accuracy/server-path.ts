import { stepSeconds } from '../../perf/step-time.ts';
import type { Replica } from '../../serving/replica.ts';
import { iteration } from '../../serving/steady-state.ts';
import type { FrontEndCost } from '../../traffic/front-end.ts';
import { type MeasuredRun, requestsHere } from './measured-run.ts';

/** Requests that run beside one that comes in; of a rate nobody knows yet, and then it counts as alone. */
function beside(run: MeasuredRun, replica: Replica): number {
  return run.load.kind === 'closed' ? Math.min(replica.slots, requestsHere(run, run.load.users)) : 1;
}

/**
 * What a request goes through before the engine takes it up: the server's front end, and the iterations for which the
 * engine was told to hold prompts back. Batches that start together are handed over in one process and skip both.
 *
 * @assumes prompts are held back for as long as may be: it errs high where so many come that the batch fills earlier
 */
export function serverPath(run: MeasuredRun, replica: Replica): FrontEndCost {
  const held = run.settings.promptWaitIterations ?? 0;
  const step = held === 0 ? 0 : stepSeconds(replica.step, iteration(replica, beside(run, replica), 0));
  return { ...replica.frontEnd, latency: replica.frontEnd.latency + held * step };
}
