import type { TraceRequest } from '../../traffic/trace-request.ts';
import { type CsvRows, MOST_TOKENS } from './csv-rows.ts';
import { quoted } from './text-lines.ts';

/** A moment in UTC: whole seconds since 1970 and the fraction, apart, so that no digit of a 100 ns clock is lost. */
interface Moment {
  seconds: number;
  fraction: number;
}

const LENGTH_TO_SECONDS = 'YYYY-MM-DD HH:MM:SS'.length;
const TO_SECONDS = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/;
const TAIL = /^(\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))?$/;

function secondsSince1970(text: string): number | undefined {
  const match = TO_SECONDS.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A 30 February would silently become a day of March.
  const isReal = time.getUTCDate() === day && time.getUTCMonth() === month - 1 && hour < 24 && minute < 60;
  return isReal && second < 60 ? time.getTime() / 1000 : undefined;
}

/**
 * A reader of time stamps such as `2023-11-16 18:17:03.9799600`, of the 2023 files, and `2024-05-10 00:00:00+00:00`, of
 * the 2024 ones. Without an offset they are UTC. Neighbours mostly share their second, which is read once.
 */
function momentReader(): (text: string) => Moment | undefined {
  let known = '';
  let seconds: number | undefined;
  return (text) => {
    if (!(known.length > 0 && text.startsWith(known))) {
      known = text.slice(0, LENGTH_TO_SECONDS);
      seconds = secondsSince1970(known);
    }
    if (seconds === undefined) {
      known = '';
      return undefined;
    }
    const tail = TAIL.exec(text.slice(LENGTH_TO_SECONDS));
    if (tail === null) return undefined;
    const [, fraction = '', sign, hours, minutes] = tail;
    const ahead = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
    return { seconds: seconds - ahead, fraction: Number(fraction) };
  };
}

export const AZURE_COLUMNS = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'] as const;

/**
 * Azure LLM inference traces of 2023 and 2024: one row a request.
 *
 * @param at where each of the columns stands
 * @param begin told the Unix time of the first request
 */
export function* azureRequests(
  rows: CsvRows,
  at: readonly number[],
  begin: (seconds: number) => void,
): Generator<TraceRequest> {
  const [time, input, output] = at as [number, number, number];
  const momentOf = momentReader();
  let first: Moment | undefined;
  let last = 0;
  let lastText = '';
  while (rows.next()) {
    const text = rows.text(time);
    const moment = momentOf(text);
    if (moment === undefined) throw rows.fault(time, 'expected a time such as 2023-11-16 18:17:03.97996');
    if (first === undefined) {
      first = moment;
      begin(moment.seconds + moment.fraction);
    }
    const arrival = moment.seconds - first.seconds + (moment.fraction - first.fraction);
    if (arrival < last) {
      throw rows.faultAt(time, `${quoted(text)} comes after ${quoted(lastText)}; a trace must be sorted by time`);
    }
    last = arrival;
    lastText = text;
    yield { arrival, input: rows.whole(input, 1, MOST_TOKENS), output: rows.whole(output, 0, MOST_TOKENS) };
  }
}
