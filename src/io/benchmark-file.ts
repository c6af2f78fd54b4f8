import { parse } from 'csv-parse/sync';
import { NEEDED } from '../analysis/accuracy/measured-row.ts';
import type { OwnBenchmark } from '../analysis/calibrate/own-benchmark.ts';
import { benchmarksOfRows, type Deployment } from '../analysis/calibrate/own-rows.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { printable } from '../schema/printable.ts';
import { InputError } from '../schema/problem.ts';
import { parseYamlText } from '../schema/yaml-text.ts';
import { isAiperfProfile, isAiperfTable, profileOfTable, readAiperfProfile } from './benchmarks/aiperf.ts';
import { isGuidellmReport, readGuidellmReport } from './benchmarks/guidellm.ts';
import { isVllmResult, readVllmResult } from './benchmarks/vllm.ts';
import { ofAnotherKind } from './file-likeness.ts';
import { type Locate, LocatedError, locateAll } from './located-error.ts';
import { readMeasured } from './measured-file.ts';
import { readRegular, refusedFile } from './regular-file.ts';
import { readYamlFile } from './yaml-file.ts';

const LARGEST = 256 * 2 ** 20;

const KNOWN = `what vllm bench serve, guidellm, AIPerf or GenAI-Perf writes, or a CSV with a header of at least ${NEEDED.join(', ')}`;

/** Python writes these bare, and JSON has no name for them. */
const NOT_JSON = /([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g;

function decode(path: string, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readRegular(path, name, LARGEST));
  } catch (error) {
    throw error instanceof LocatedError ? error : refusedFile(name, ofAnotherKind(path, KNOWN));
  }
}

/** Texts longer than this are not read again to find where they go wrong. */
const LONGEST_LOCATED = 2 ** 20;

/** Where a text stops being JSON. The parser does not say; one for YAML, which JSON is a part of, does. */
function faultIn(text: string): { line?: number | undefined; col?: number | undefined } {
  if (text.length > LONGEST_LOCATED) return {};
  const parsed = parseYamlText(text);
  return parsed.ok
    ? { line: text.split('\n').length, col: 1 }
    : { line: parsed.faults[0]?.line, col: parsed.faults[0]?.col };
}

function parseJson(text: string, name: string, linesBefore = 0): unknown {
  try {
    return JSON.parse(text.replaceAll(NOT_JSON, '$1null'));
  } catch {
    const { line, col } = faultIn(text);
    const place = line === undefined ? {} : { line: line + linesBefore, col: col ?? 1 };
    throw new LocatedError([{ file: name, ...place, path: [], message: 'is not valid JSON' }]);
  }
}

/** One value, or one a line as clients append them. */
function valuesIn(text: string, name: string): { value: unknown; path: (string | number)[] }[] {
  const lines = text.split('\n').map((line, i) => ({ line, number: i + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  const isLineEach = filled.length > 1 && filled.every(({ line }) => /^\s*\{.*\}\s*$/.test(line));
  if (isLineEach) return filled.map(({ line, number }) => ({ value: parseJson(line, name, number - 1), path: [] }));
  const value = parseJson(text, name);
  if (!Array.isArray(value)) return [{ value, path: [] }];
  return value.map((item, i) => ({ value: item, path: [i] }));
}

function readValue(value: unknown, path: string, place: string): OwnBenchmark[] {
  if (isGuidellmReport(value)) return readGuidellmReport(value);
  if (isVllmResult(value)) return [readVllmResult(value, place)];
  if (isAiperfProfile(value)) return [readAiperfProfile(value, place)];
  throw new InputError([{ path: [], message: ofAnotherKind(path, KNOWN) }]);
}

/** Places in a file, read once more for that; of one that is too large or no single value, the file alone. */
function locateIn(path: string, name: string): Locate {
  try {
    return readYamlFile(path).locate;
  } catch {
    return () => ({ file: name });
  }
}

function readJson(path: string, name: string, text: string): OwnBenchmark[] {
  return valuesIn(text, name).flatMap(({ value, path: above }, i) => {
    try {
      return readValue(value, path, above.length === 0 && i === 0 ? name : `${name}, run ${i + 1}`);
    } catch (error) {
      if (!(error instanceof InputError) || error instanceof LocatedError) throw error;
      const problems = error.problems.map((problem) => ({ ...problem, path: [...above, ...problem.path] }));
      throw locateAll(new InputError(problems), locateIn(path, name));
    }
  });
}

function readTable(path: string, name: string, text: string, catalog: Catalog, own: Deployment): OwnBenchmark[] {
  const rows = text.trimStart().startsWith('Metric,') ? csvRows(text, name) : [];
  try {
    if (isAiperfTable(rows)) return [readAiperfProfile(profileOfTable(rows), name)];
    return benchmarksOfRows(readMeasured(path, KNOWN), catalog, own);
  } catch (error) {
    if (!(error instanceof InputError) || error instanceof LocatedError) throw error;
    const located = error.problems.map(({ path: [line, ...rest], message }) =>
      typeof line === 'number'
        ? { file: name, line, col: 1, path: [], message }
        : { file: name, path: [], message: line === undefined ? message : `${[line, ...rest].join('.')}: ${message}` },
    );
    throw new LocatedError(located);
  }
}

function csvRows(text: string, name: string): string[][] {
  try {
    return parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true });
  } catch {
    throw refusedFile(name, 'is not a CSV file');
  }
}

/**
 * Runs of a benchmark client on one's own deployment, in whichever of the known forms the file has. What is wrong with
 * it is said with its place.
 */
export function readBenchmarks(path: string, catalog: Catalog, own: Deployment): OwnBenchmark[] {
  const name = printable(path);
  const text = decode(path, name).replace(/^\uFEFF/, '');
  const runs = /^\s*[{[]/.test(text) ? readJson(path, name, text) : readTable(path, name, text, catalog, own);
  if (runs.every(({ values }) => values.length === 0)) throw refusedFile(name, 'holds no measurement');
  return runs;
}
