import { openTrace } from '../../io/traces/open-trace.ts';
import type { Trace } from '../../io/traces/trace.ts';
import { type TraceReport, traceBlockFile, traceText } from '../../report/trace-text.ts';
import { printable } from '../../schema/printable.ts';
import { InputError } from '../../schema/problem.ts';
import type { TraceRequest } from '../../traffic/trace-request.ts';
import { type LengthFigures, type TraceFigures, traceStatistics } from '../../traffic/trace-statistics.ts';
import { trafficBlock } from '../../traffic/traffic-block.ts';
import { type GlobalOptions, result } from '../output.ts';
import { type Progress, startProgress } from '../progress.ts';

type Form = 'text' | 'json' | 'yaml';

function formOf(options: GlobalOptions): Form {
  const ending = /\.([a-z]+)$/i.exec(options.output ?? '')?.[1]?.toLowerCase();
  const asked = options.json === true ? 'json' : undefined;
  if (options.output === undefined || options.output === '-' || ending === 'txt') return asked ?? 'text';
  if (ending === 'json') return 'json';
  if (ending !== 'yaml' && ending !== 'yml') {
    const message = `cannot tell the form of ${options.output}; end it in .yaml, .json or .txt`;
    throw new InputError([{ path: [], message }]);
  }
  if (asked === undefined) return 'yaml';
  throw new InputError([{ path: [], message: `--json and ${options.output} ask for two forms; keep one` }]);
}

/** Requests between two looks at the progress. */
const STRIDE = 65_536;

function* watched(trace: Trace, progress: Progress): Generator<TraceRequest> {
  let count = 0;
  for (const request of trace.requests) {
    yield request;
    count += 1;
    if (count % STRIDE === 0) progress.to(Math.floor(trace.extent.done()));
  }
}

async function figuresOf(trace: Trace, options: GlobalOptions): Promise<TraceFigures> {
  const { unit, total } = trace.extent;
  const progress = await startProgress(`${unit} read`, Math.ceil(total), options.quiet === true);
  try {
    return traceStatistics(watched(trace, progress), trace.clock?.secondsOfWeek);
  } finally {
    progress.stop();
  }
}

/** Reads a trace of requests and says what it amounts to, as figures and as the traffic of a scenario. */
export async function describeTrace(path: string, options: GlobalOptions): Promise<void> {
  const form = formOf(options);
  const trace = openTrace(path, { seed: options.seed ?? 0 });
  const figures = await figuresOf(trace, options);
  const report = { file: printable(path), format: trace.format, figures, ...trafficBlock(figures, trace.clock) };
  switch (form) {
    case 'json':
      return result(options, JSON.stringify(record(report), undefined, 2));
    case 'yaml':
      return result(options, traceBlockFile(report));
    case 'text':
      return result(options, traceText(report));
  }
}

function record({ file, format, figures, block, notes }: TraceReport) {
  const { arrivals, repeats, sessions } = figures;
  return {
    schema: 'rackrate.trace/v1',
    trace: { path: file, format },
    requests: figures.requests,
    span_s: arrivals.span,
    requests_per_second: arrivals.rate,
    requests_per_second_peak_minute: arrivals.peakMinuteRate,
    gap_cv: arrivals.cv,
    gap_cv_within_hour: arrivals.cvWithinHour,
    shortest_gap_s: arrivals.shortestGap,
    input_tokens: lengthRecord(figures.input),
    output_tokens: lengthRecord(figures.output),
    empty_outputs: figures.emptyOutputs,
    length_correlation: figures.correlation,
    log_length_correlation: figures.logCorrelation,
    requests_per_second_by_hour: figures.hourlyRates,
    cached_share: figures.cached,
    repeated_block_share: repeats?.blocks,
    repeated_prefix_token_share: repeats?.prefixTokens,
    sessions: sessions?.count,
    requests_per_session: sessions?.requestsEach,
    notes,
    traffic: block,
  };
}

function lengthRecord({ mean, cv, p50, p90, p95, p99, max }: LengthFigures) {
  return { mean, cv, p50, p90, p95, p99, max };
}
