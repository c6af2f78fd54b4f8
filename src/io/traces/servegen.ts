import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../../schema/printable.ts';
import type { TraceRequest } from '../../traffic/trace-request.ts';
import { refusedBySystem, refusedFile } from '../regular-file.ts';
import { readServeGenClient, type ServeGenClient } from './servegen-client.ts';
import { clientRequests } from './servegen-draws.ts';
import type { Trace } from './trace.ts';

/** Which requests to draw. */
export interface ServeGenChoice {
  seed: number;
  /** Seconds of the trace's own time, from inclusive, to exclusive; all of it without. */
  from?: number;
  to?: number;
}

/** More clients than any published family has by far. */
const MOST_CLIENTS = 10_000;
const WEEK = 7 * 86_400;

/**
 * A ServeGen folder: for each client how its rate, burstiness and lengths went, from which requests are drawn. The
 * same seed draws the same requests, and a part of the time holds the same requests as the whole.
 *
 * Time 0 is a midnight of an unknown zone and, for those of a fortnight, of an unknown weekday.
 *
 * @source Xiang et al. 2026, "ServeGen: Workload Characterization and Generation of LLM Serving in Production", NSDI
 */
export function openServeGen(path: string, choice: ServeGenChoice): Trace {
  const clients = clientsOf(path);
  const { seed, from = 0, to = Number.POSITIVE_INFINITY } = choice;
  const all = mergedByTime(clients.map((client) => clientRequests(client, { seed, from, to })));
  const first = all.next().value;
  if (first === undefined) throw refusedFile(printable(path), 'there are no requests in this time');
  const start = first.arrival;
  const end = Math.min(to, Math.max(...clients.map((client) => client.end)));
  let now = start;
  const requests = (function* (): Generator<TraceRequest> {
    yield { ...first, arrival: 0 };
    for (const request of all) {
      now = request.arrival;
      request.arrival = now - start;
      yield request;
    }
  })();
  return {
    format: 'servegen',
    requests,
    clock: { secondsOfWeek: start % WEEK, zone: 'unknown', weekday: 'unknown' },
    extent: { unit: 'hours', total: (end - start) / 3600, done: () => (now - start) / 3600 },
  };
}

/** Clients by their number, each a pair of files. */
function clientsOf(path: string): ServeGenClient[] {
  const name = printable(path);
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw refusedBySystem(error, name);
  }
  const numbers = entries.flatMap((entry) => /^chunk-(\d{1,6})-trace\.csv$/.exec(entry.name)?.[1] ?? []).map(Number);
  if (numbers.length === 0)
    throw refusedFile(name, 'the folder holds no chunk-N-trace.csv; a folder is read as ServeGen');
  if (numbers.length > MOST_CLIENTS) throw refusedFile(name, `the folder holds more than ${MOST_CLIENTS} clients`);
  return numbers
    .toSorted((a, b) => a - b)
    .map((number) =>
      readServeGenClient(number, join(path, `chunk-${number}-trace.csv`), join(path, `chunk-${number}-dataset.json`)),
    );
}

/** Several sequences in order as one; among equals the earlier sequence goes first. */
function* mergedByTime(sequences: readonly Iterator<TraceRequest>[]): Generator<TraceRequest> {
  const heads = sequences.flatMap((rest) => {
    const step = rest.next();
    return step.done === true ? [] : [{ rest, request: step.value }];
  });
  while (heads.length > 0) {
    let earliest = 0;
    for (let i = 1; i < heads.length; i++) {
      if ((heads[i]?.request.arrival ?? 0) < (heads[earliest]?.request.arrival ?? 0)) earliest = i;
    }
    const head = heads[earliest];
    if (head === undefined) return;
    yield head.request;
    const step = head.rest.next();
    if (step.done === true) heads.splice(earliest, 1);
    else head.request = step.value;
  }
}
