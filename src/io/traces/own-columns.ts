import type { TraceRequest } from '../../traffic/trace-request.ts';
import { formatCount } from '../../units/format.ts';
import { type CsvRows, MOST_TOKENS } from './csv-rows.ts';

/** Three thousand years: a larger time is one in another unit. */
const LATEST = 1e11;

export const OWN_COLUMNS = ['arrival_s', 'input_tokens', 'output_tokens'] as const;
export const OWN_EXTRAS = ['cached_tokens', 'priority', 'session'] as const;

/** Names of sessions as they stand where they are small, else counted: what keeps prefixes knows names below 2^30. */
function sessionNames(): (given: number) => number {
  const first = 2 ** 29;
  const known = new Map<number, number>();
  return (given) => {
    if (given < first) return given;
    const name = known.get(given) ?? first + known.size;
    known.set(given, name);
    return name;
  };
}

/**
 * Rows with columns of our own. An empty field of an optional column says nothing about that request.
 *
 * @param at where each of the columns stands, then each of the extra ones; -1 where the file lacks it
 */
export function* ownRequests(rows: CsvRows, at: readonly number[]): Generator<TraceRequest> {
  const [time, input, output, cached, priority, session] = at as [number, number, number, number, number, number];
  const isGiven = (column: number) => column >= 0 && rows.text(column) !== '';
  const nameOf = sessionNames();
  let first: number | undefined;
  let last = 0;
  while (rows.next()) {
    const moment = rows.decimal(time, LATEST);
    first ??= moment;
    if (moment < last) throw rows.faultAt(time, `${moment} s comes after ${last} s; a trace must be sorted by time`);
    last = moment;
    const request: TraceRequest = {
      arrival: moment - first,
      input: rows.whole(input, 1, MOST_TOKENS),
      output: rows.whole(output, 1, MOST_TOKENS),
    };
    if (isGiven(cached)) {
      request.cached = rows.whole(cached, 0, MOST_TOKENS);
      if (request.cached > request.input) {
        throw rows.fault(cached, `expected at most the ${formatCount(request.input)} tokens of the prompt`);
      }
    }
    if (isGiven(priority)) request.priority = rows.whole(priority, 0, 1) === 0 ? 0 : 1;
    if (isGiven(session)) request.session = nameOf(rows.whole(session, 0, 1e15));
    yield request;
  }
}
