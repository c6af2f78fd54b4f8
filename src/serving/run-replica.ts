import type { RequestSource } from '../traffic/request-source.ts';
import { ContinuousEngine } from './continuous-engine.ts';
import { runDisaggregated } from './disaggregated-engine.ts';
import type { EngineSpec, RequestSink, RunTotals } from './engine-spec.ts';
import type { RunOptions } from './run-records.ts';
import { runStatic } from './static-engine.ts';

/**
 * Runs one replica request by request until its source has no more, or until it is cut off.
 *
 * @param sink is told of every request that was answered, in the order of their ends
 */
export function runReplica(
  spec: EngineSpec,
  source: RequestSource,
  sink: RequestSink,
  options: RunOptions = {},
): RunTotals {
  switch (spec.scheduling.kind) {
    case 'continuous':
      return new ContinuousEngine(spec, source, sink, options).run();
    case 'static':
      return runStatic(spec, source, sink, options);
    case 'disaggregated':
      return runDisaggregated(spec, source, sink, options);
  }
}
