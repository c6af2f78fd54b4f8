import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openTrace } from '../../../src/io/traces/open-trace.ts';
import { iteratorSource } from '../../../src/traffic/list-source.ts';
import { emptyDraft } from '../../../src/traffic/request-source.ts';
import { complaints, folderWith } from '../folder.ts';

function read(content: string | Uint8Array, name = 'a.csv') {
  const folder = folderWith({ [name]: content });
  const trace = openTrace(join(folder, name));
  return { ...trace, all: [...trace.requests] };
}

function said(content: string | Uint8Array, name = 'a.csv') {
  const folder = folderWith({ [name]: content });
  return complaints(folder, () => [...openTrace(join(folder, name)).requests]).join('\n');
}

const AZURE = 'TIMESTAMP,ContextTokens,GeneratedTokens\n';
const OURS = 'arrival_s,input_tokens,output_tokens\n';

describe('Azure', () => {
  test('2023: fractions to 100 ns, Windows line ends, no end of the last line', () => {
    const text = `${AZURE.trim()}\r\n2023-11-16 23:59:59.9799601,4808,10\r\n2023-11-17 00:00:00.0319600,3180,8`;
    const { format, all, clock } = read(text);
    expect(format).toBe('azure');
    expect(all[0]).toEqual({ arrival: 0, input: 4808, output: 10 });
    expect(all[1]?.arrival).toBeCloseTo(0.0519999, 12);
    // A Thursday.
    expect(clock).toMatchObject({ zone: 'UTC', weekday: 'known' });
    expect(clock?.secondsOfWeek).toBeCloseTo(3 * 86_400 + 86_399.97996, 4);
  });
  test('2024: offsets, no fractions, an answer without a token', () => {
    const { all } = read(
      `${AZURE}2024-05-10 00:00:00+00:00,5,0\n2024-05-10 02:00:01+02:00,6,1\n2024-05-10T00:00:02Z,7,2\n`,
    );
    expect(all).toEqual([
      { arrival: 0, input: 5, output: 0 },
      { arrival: 1, input: 6, output: 1 },
      { arrival: 2, input: 7, output: 2 },
    ]);
  });
  test('columns in another order, a byte order mark, blank lines', () => {
    const { all } = read('\ufeffGeneratedTokens,TIMESTAMP,ContextTokens\n\n1,2024-05-10 00:00:00,9\n\n');
    expect(all).toEqual([{ arrival: 0, input: 9, output: 1 }]);
  });
  const row = '2023-11-16 18:00:00,10,5\n';
  test.each([
    [
      'too few fields',
      `${row}2023-11-16 18:00:01,10\n${row}`,
      'a.csv:3:1: expected 3 fields (TIMESTAMP,ContextTokens,GeneratedTokens), got 2',
    ],
    [
      'a cut last line',
      `${row}2023-11-16 18:00:01,1`,
      'a.csv:3:1: expected 3 fields (TIMESTAMP,ContextTokens,GeneratedTokens), got 2; the file seems to be cut off here',
    ],
    [
      'too many fields',
      `2023-11-16 18:00:01,10,5,6\n`,
      'a.csv:2:1: expected 3 fields (TIMESTAMP,ContextTokens,GeneratedTokens), got 4',
    ],
    [
      'a word',
      '2023-11-16 18:00:01,ten,5\n',
      'a.csv:2:21: ContextTokens: expected a whole number from 1 to 100,000,000, got "ten"',
    ],
    [
      'nothing',
      '2023-11-16 18:00:01,10,\n',
      'a.csv:2:24: GeneratedTokens: expected a whole number from 0 to 100,000,000, got nothing',
    ],
    [
      'a negative count',
      '2023-11-16 18:00:01,10,-1\n',
      'a.csv:2:24: GeneratedTokens: expected a whole number from 0 to 100,000,000, got "-1"',
    ],
    [
      'a fraction',
      '2023-11-16 18:00:01,1.5,1\n',
      'a.csv:2:21: ContextTokens: expected a whole number from 1 to 100,000,000, got "1.5"',
    ],
    [
      'an exponent',
      '2023-11-16 18:00:01,1e3,1\n',
      'a.csv:2:21: ContextTokens: expected a whole number from 1 to 100,000,000, got "1e3"',
    ],
    [
      'an absurd count',
      '2023-11-16 18:00:01,100000001,1\n',
      'a.csv:2:21: ContextTokens: expected a whole number from 1 to 100,000,000, got "100000001"',
    ],
    [
      'an empty prompt',
      '2023-11-16 18:00:01,0,1\n',
      'a.csv:2:21: ContextTokens: expected a whole number from 1 to 100,000,000, got "0"',
    ],
    [
      'a quoted number',
      '2023-11-16 18:00:01,"5",1\n',
      'a.csv:2:21: ContextTokens: expected a whole number from 1 to 100,000,000, got ""5""',
    ],
    [
      'a day that is none',
      '2023-02-30 18:00:01,5,1\n',
      'a.csv:2:1: TIMESTAMP: expected a time such as 2023-11-16 18:17:03.97996, got "2023-02-30 18:00:01"',
    ],
    [
      'a time that is none',
      '5,5,1\n',
      'a.csv:2:1: TIMESTAMP: expected a time such as 2023-11-16 18:17:03.97996, got "5"',
    ],
    [
      'a tail that is none',
      `${row}2023-11-16 18:00:00x,5,1\n`,
      'a.csv:3:1: TIMESTAMP: expected a time such as 2023-11-16 18:17:03.97996, got "2023-11-16 18:00:00x"',
    ],
    [
      'a time that goes back',
      `${row}2023-11-16 17:59:59.5,5,1\n`,
      'a.csv:3:1: TIMESTAMP: "2023-11-16 17:59:59.5" comes after "2023-11-16 18:00:00"; a trace must be sorted by time',
    ],
  ])('%s', (_, rows, message) => expect(said(AZURE + rows)).toBe(message));
});

describe('our own columns', () => {
  test('with everything a row may say', () => {
    const { format, all } = read(
      'session,arrival_s,input_tokens,output_tokens,cached_tokens,priority\n7,100,50,5,50,1\n,100.25,60,6,,\n8,1.5e2,60,6,0,0\n',
    );
    expect(format).toBe('rackrate');
    expect(all).toEqual([
      { arrival: 0, input: 50, output: 5, cached: 50, priority: 1, session: 7 },
      { arrival: 0.25, input: 60, output: 6 },
      { arrival: 50, input: 60, output: 6, cached: 0, priority: 0, session: 8 },
    ]);
  });
  test('sessions named by large numbers keep apart, in names that a prefix cache knows', () => {
    const { all } = read(
      'session,arrival_s,input_tokens,output_tokens\n1073741824,1,5,5\n900000000000000,2,5,5\n1073741824,3,5,5\n12,4,5,5\n',
    );
    const names = all.map(({ session }) => session as number);
    expect(names[2]).toBe(names[0]);
    expect(new Set(names).size).toBe(3);
    expect(names[3]).toBe(12);
    for (const name of names) expect(name).toBeLessThan(2 ** 30);
  });

  test.each([
    [
      'times that go back',
      '5,1,1\n4,1,1\n',
      'a.csv:3:1: arrival_s: 4 s comes after 5 s; a trace must be sorted by time',
    ],
    ['an empty answer', '5,1,0\n', 'a.csv:2:5: output_tokens: expected a whole number from 1 to 100,000,000, got "0"'],
    ['a negative time', '-5,1,1\n', 'a.csv:2:1: arrival_s: expected a number from 0 to 100,000,000,000, got "-5"'],
    ['no time', ',1,1\n', 'a.csv:2:1: arrival_s: expected a number from 0 to 100,000,000,000, got nothing'],
    ['infinity', 'Infinity,1,1\n', 'a.csv:2:1: arrival_s: expected a number from 0 to 100,000,000,000, got "Infinity"'],
  ])('%s', (_, rows, message) => expect(said(OURS + rows)).toBe(message));
  test('more cached than there is, an odd priority', () => {
    expect(said('arrival_s,input_tokens,output_tokens,cached_tokens,priority\n0,5,5,6,\n')).toBe(
      'a.csv:2:7: cached_tokens: expected at most the 5 tokens of the prompt, got "6"',
    );
    expect(said('arrival_s,input_tokens,output_tokens,priority\n0,5,5,2\n')).toBe(
      'a.csv:2:7: priority: expected a whole number from 0 to 1, got "2"',
    );
  });
  test.each([
    [
      'a misspelt column',
      'arrival_s,input_token,output_tokens\n',
      'a.csv:1:11: there is no column "input_token"; did you mean "input_tokens"?',
    ],
    ['a missing column', 'arrival_s,output_tokens\n', 'a.csv:1:1: the header lacks input_tokens'],
    [
      'a column twice',
      'arrival_s,input_tokens,output_tokens,arrival_s\n',
      'a.csv:1:38: the column arrival_s is there twice',
    ],
    ['no rows', OURS, 'a.csv:1:1: there are no requests below the header'],
  ])('a header with %s', (_, text, message) => expect(said(text)).toBe(message));
});

describe('Mooncake', () => {
  const line = (time: number, input: number, ids: unknown) =>
    JSON.stringify({ timestamp: time, input_length: input, output_length: 2, hash_ids: ids });
  test('blocks and times in milliseconds, equal ones too', () => {
    const { format, all, clock } = read(
      `${line(27_000, 512, [0])}\n${line(27_000, 513, [0, 1])}\n${line(30_000, 1, [9])}`,
    );
    expect(format).toBe('mooncake');
    expect(clock).toBeUndefined();
    expect(all.map(({ arrival, blockIds, blockIdTokens }) => [arrival, blockIds, blockIdTokens])).toEqual([
      [0, [0], 512],
      [0, [0, 1], 512],
      [3, [9], 512],
    ]);
  });
  test('without blocks', () => {
    expect(read('{"timestamp": 1, "input_length": 3, "output_length": 0}').all).toEqual([
      { arrival: 0, input: 3, output: 0 },
    ]);
  });
  test.each([
    [
      'a cut last line',
      `${line(0, 5, [0])}\n{"timestamp": 3, "inp`,
      'a.csv:2:1: the line is not whole; the file seems to be cut off here',
    ],
    ['no JSON', `${line(0, 5, [0])}\nhunter2\n`, 'a.csv:2:1: the line is not valid JSON'],
    [
      'a list',
      `${line(0, 5, [0])}\n[1]\n`,
      'a.csv:2:1: expected an object with timestamp, input_length and output_length, got a list',
    ],
    [
      'too few blocks',
      line(0, 513, [0]),
      'a.csv:1:1: hash_ids: expected 2 for a prompt of 513 tokens, one a block of 512, got 1',
    ],
    [
      'too many blocks',
      line(0, 512, [0, 1]),
      'a.csv:1:1: hash_ids: expected 1 for a prompt of 512 tokens, one a block of 512, got 2',
    ],
    [
      'a block without a name',
      line(0, 513, [0, '1']),
      'a.csv:1:1: hash_ids.1: expected a whole number, 0 or more, got "1"',
    ],
    ['blocks that are no list', line(0, 5, 7), 'a.csv:1:1: hash_ids: expected a list of block names, got 7'],
    [
      'a fraction',
      line(0, 5.5, [0]),
      'a.csv:1:1: input_length: expected a whole number from 1 to 100,000,000, got 5.5',
    ],
    [
      'a text',
      '{"timestamp": 1, "input_length": "3"}',
      'a.csv:1:1: input_length: expected a whole number from 1 to 100,000,000, got "3"',
    ],
    ['no time', '{"input_length": 3}', 'a.csv:1:1: timestamp: expected milliseconds, 0 or more, got nothing'],
    [
      'times that go back',
      `${line(9, 5, [0])}\n${line(8, 5, [0])}`,
      'a.csv:2:1: timestamp: 8 ms comes after 9 ms; a trace must be sorted by time',
    ],
  ])('%s', (_, text, message) => expect(said(text)).toBe(message));
});

describe('what is no trace', () => {
  const known =
    'expected the header TIMESTAMP,ContextTokens,GeneratedTokens (Azure) or arrival_s,input_tokens,output_tokens (our own), a JSON object a line with timestamp, input_length and output_length (Mooncake), or a folder (ServeGen)';
  const like = (what: string) => `a.csv:1:1: this looks like ${what}; ${known}`;
  test.each([
    ['an empty file', '', `a.csv:1:1: the file is empty; ${known}`],
    ['blank lines', '\n\n', `a.csv:2:1: the file is empty; ${known}`],
    ['no header', '2023-11-16 18:17:03.97,4808,10\n', like('CSV of 3 columns')],
    ['another file, of which nothing is quoted', 'root:x:0:0:hunter2\n', like('text of another kind')],
    ['a scenario', '# a comment\nrackrate: 1\nname: x\n', like('a scenario')],
    ['other YAML', 'services:\n  web: {}\n', like('YAML')],
    ['what another tool wrote', '{"tool": "k6", "metrics": {}}\n', like('JSON')],
    ['a list', '[1, 2]\n', like('JSON')],
    ['a page', '<!DOCTYPE html>\n<html></html>\n', like('a web page or XML')],
    ['a picture', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0]), like('a picture (PNG)')],
    ['a compressed file', gzipSync(AZURE), like('a compressed file (gzip), to be unpacked first')],
    ['a binary file', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]), like('a file that is no text')],
    ['UTF-16', Buffer.from(`\ufeff${AZURE}`, 'utf16le'), like('UTF-16 text, to be saved as UTF-8')],
    ['a line without end', 'x'.repeat(3_000_000), 'a.csv:1:1: the line is longer than 1 MB; this is not a trace'],
    [
      'a line without end further down',
      `${AZURE}${'1'.repeat(3_000_000)}`,
      'a.csv:2:1: the line is longer than 1 MB; this is not a trace',
    ],
  ])('%s', (_, content, message) => expect(said(content)).toBe(message));

  test('what is not a regular file, without waiting for it', () => {
    const folder = folderWith({ 'a.csv': '' });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(complaints(folder, () => openTrace(join(folder, 'pipe')))).toEqual(['pipe: is not a regular file']);
    expect(complaints(folder, () => openTrace('/dev/zero'))).toEqual(['/dev/zero: is not a regular file']);
    expect(complaints(folder, () => openTrace(join(folder, 'none')))).toEqual(['none: there is no such file']);
    expect(complaints(join(folder, '..'), () => openTrace(folder))).toEqual([
      `${basename(folder)}: the folder holds no chunk-N-trace.csv; a folder is read as ServeGen`,
    ]);
    expect(complaints(folder, () => openTrace('no\u001b[2Jne'))).toEqual(['no\\u{1b}[2Jne: there is no such file']);
  });
  test('a token is shown short and without what a terminal obeys', () => {
    expect(said(`${OURS}1,\u001b[2J${'é'.repeat(100)},1\n`)).toBe(
      `a.csv:2:3: input_tokens: expected a whole number from 1 to 100,000,000, got "\\u{1b}[2J${'é'.repeat(55)}…"`,
    );
  });
});

describe('reading', () => {
  test('goes on across chunks, wherever they end', () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i / 8},${(i % 5000) + 1},${(i % 100) + 1}`);
    const { all, extent } = read(`${OURS}${rows.join('\r\n')}\r\n`);
    expect(all).toHaveLength(60_000);
    expect(
      all.every(
        ({ arrival, input, output }, i) => arrival === i / 8 && input === (i % 5000) + 1 && output === (i % 100) + 1,
      ),
    ).toBe(true);
    expect(extent.done()).toBe(extent.total);
  });
  test('feeds a simulation as it goes', () => {
    const folder = folderWith({ 'a.csv': `${AZURE}2024-05-10 00:00:00,9,0\n2024-05-10 00:00:04,8,2\n` });
    const source = iteratorSource(openTrace(join(folder, 'a.csv')).requests, { speed: 2 });
    const draft = emptyDraft();
    source.take(draft);
    expect(draft).toMatchObject({ arrival: 0, input: 9, output: 1 });
    expect(source.nextArrival).toBe(2);
  });
  test('stops with a fault where it is, after the requests before it', () => {
    const folder = folderWith({ 'a.csv': `${OURS}1,1,1\n2,2,2\n3,x,3\n` });
    const { requests } = openTrace(join(folder, 'a.csv'));
    expect([requests.next().value.arrival, requests.next().value.arrival]).toEqual([0, 1]);
    expect(complaints(folder, () => requests.next())[0]).toMatch(/^a\.csv:4:3: input_tokens/);
  });
  test.skipIf(process.platform !== 'linux')('leaves no file open, read to the end or not', () => {
    const folder = folderWith({ 'a.csv': `${OURS}1,1,1\n2,2,2\n`, 'b.csv': `${OURS}1,1,x\n`, 'c.csv': 'no\n' });
    const before = readdirSync('/proc/self/fd').length;
    for (const _ of openTrace(join(folder, 'a.csv')).requests) break;
    for (const _ of openTrace(join(folder, 'a.csv')).requests);
    for (const name of ['b.csv', 'c.csv']) complaints(folder, () => openTrace(join(folder, name)));
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});
