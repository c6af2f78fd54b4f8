import { shown } from '../../schema/printable.ts';
import type { TraceRequest } from '../../traffic/trace-request.ts';
import { formatCount } from '../../units/format.ts';
import { MOST_TOKENS } from './csv-rows.ts';
import type { TextLines } from './text-lines.ts';

/** Tokens in a block that `hash_ids` names, by the description of the traces. */
const BLOCK_TOKENS = 512;
/** Three thousand years in milliseconds. */
const LATEST = 1e14;

/** Whether a first line is an object of such a trace: one of the keys is enough, the rest is then said line by line. */
export function looksLikeMooncake(line: string): boolean {
  return ['"timestamp"', '"input_length"', '"output_length"', '"hash_ids"'].some((key) => line.includes(key));
}

/** A line as an object, or a fault that quotes nothing of it. */
function objectOf(line: string, lines: TextLines): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw lines.fault(
      lines.isUnfinished ? 'the line is not whole; the file seems to be cut off here' : 'the line is not valid JSON',
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw lines.fault(`expected an object with timestamp, input_length and output_length, got ${shown(value)}`);
}

function whole(line: Readonly<Record<string, unknown>>, key: string, least: number, lines: TextLines): number {
  const value = line[key];
  const isSound = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= MOST_TOKENS;
  if (isSound) return value;
  throw lines.fault(
    `${key}: expected a whole number from ${least} to ${formatCount(MOST_TOKENS)}, got ${shown(value)}`,
  );
}

function blocksOf(ids: unknown, input: number, lines: TextLines): number[] {
  if (!Array.isArray(ids)) throw lines.fault(`hash_ids: expected a list of block names, got ${shown(ids)}`);
  const odd = ids.findIndex((id) => !(Number.isSafeInteger(id) && id >= 0));
  if (odd >= 0) throw lines.fault(`hash_ids.${odd}: expected a whole number, 0 or more, got ${shown(ids[odd])}`);
  const needed = Math.ceil(input / BLOCK_TOKENS);
  if (ids.length === needed) return ids;
  const prompt = `a prompt of ${formatCount(input)} tokens`;
  throw lines.fault(`hash_ids: expected ${needed} for ${prompt}, one a block of ${BLOCK_TOKENS}, got ${ids.length}`);
}

/**
 * Mooncake traces: a line of JSON a request, with the time in milliseconds and the names of the prompt's blocks, which
 * say what prompts have in common. Other keys are passed over.
 *
 * @param head the first line, already taken from the lines
 */
export function* mooncakeRequests(head: string, lines: TextLines): Generator<TraceRequest> {
  let first: number | undefined;
  let last = 0;
  for (let text: string | undefined = head; text !== undefined; text = lines.next()) {
    const line = objectOf(text, lines);
    const time = line['timestamp'];
    if (!(typeof time === 'number' && time >= 0 && time <= LATEST)) {
      throw lines.fault(`timestamp: expected milliseconds, 0 or more, got ${shown(time)}`);
    }
    first ??= time;
    if (time < last) {
      throw lines.fault(`timestamp: ${time} ms comes after ${last} ms; a trace must be sorted by time`);
    }
    last = time;
    const input = whole(line, 'input_length', 1, lines);
    const request = { arrival: (time - first) / 1000, input, output: whole(line, 'output_length', 0, lines) };
    if (line['hash_ids'] === undefined) yield request;
    else yield { ...request, blockIds: blocksOf(line['hash_ids'], input, lines), blockIdTokens: BLOCK_TOKENS };
  }
}
