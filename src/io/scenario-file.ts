import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Lookups } from '../scenario/lookups.ts';
import {
  applyNamedOverride,
  applyOverride,
  mergeScenario,
  overrideNames,
  parsePath,
  parseSetting,
  scenarioBody,
} from '../scenario/overrides.ts';
import { validateScenario } from '../scenario/validate.ts';
import { printable, shown } from '../schema/printable.ts';
import { InputError, type Problem } from '../schema/problem.ts';
import { type Scenario, scenarioFile } from '../schema/scenario.ts';
import { type Locate, LocatedError, type LocatedProblem, locateAll, type Place } from './located-error.ts';
import { withFilesFrom } from './named-files.ts';
import { readYamlFile, type YamlFile } from './yaml-file.ts';

type Path = Problem['path'];

export interface ScenarioOptions {
  /** `path=value`, applied last and in this order. */
  set?: readonly string[] | undefined;
  /** Names of `overrides:` blocks, applied in this order. */
  with?: readonly string[] | undefined;
}

export interface LoadedScenario {
  path: string;
  /** What the schema read, after `extends`, overrides and settings; the starting point of an axis or a further --set. */
  raw: unknown;
  scenario: Scenario;
  /** Of the named file's bytes, followed by those of each file it extends: without `extends`, what `sha256sum` prints. */
  sha256: string;
  /** Names of the override blocks that the file and its bases offer. */
  overrides: readonly string[];
  locate: Locate;
}

/** One thing that wrote part of the scenario, topmost last: a base, a file, an override block, a --set. */
interface Layer {
  find(path: Path, at?: 'key' | 'value'): { place: Place; isBlock: boolean } | undefined;
}

const DEEPEST_CHAIN = 8;

/** Of a scenario with all it extends. Fifty offers and a week of hourly loads are half of it; reading more takes long. */
const LARGEST_CHAIN = 64 * 1024;

/**
 * Reads a scenario with everything it extends, and lays overrides and settings over it.
 *
 * Order, later wins: bases, the file, `with` in order, `set` in order. Throws a LocatedError that names each problem
 * at the place where the faulty key was written, be it a base, the file or the command line.
 *
 * @param lookups where the names of cards, offers and files are looked up, so that unknown ones come in the same report
 */
export function readScenario(path: string, options: ScenarioOptions = {}, lookups?: Lookups): LoadedScenario {
  const chain = readChain(path);
  const layers: Layer[] = chain.toReversed();
  const root = (chain[0] as YamlFile).locate([]);
  const locate: Locate = (where, at) => locateInLayers(layers, where, at, root);
  const problems: LocatedProblem[] = [];
  const attempt = <T>(action: () => T): T | undefined => collecting(problems, locate, action);

  let raw = chain.map(ownKeys).reduceRight((base, child) => mergeScenario(base, child));
  for (const name of options.with ?? []) {
    raw = attempt(() => applyNamedOverride(raw, name)) ?? raw;
    layers.push(...chain.toReversed().map((file) => overrideLayer(file, name)));
  }
  for (const text of options.set ?? []) {
    const setting = attempt(() => readSetting(text));
    if (setting === undefined) continue;
    layers.push(settingLayer(setting.path, setting.value));
    raw = attempt(() => applyOverride(raw, setting.path, setting.value)) ?? raw;
  }
  const overrides = attempt(() => overrideNames(raw)) ?? [];
  const body = scenarioBody(raw);
  const scenario = attempt(() => validateScenario(body, lookups));
  if (scenario === undefined || problems.length > 0) throw new LocatedError(problems);

  const hash = createHash('sha256');
  for (const file of chain) hash.update(file.bytes);
  return { path, raw: body, scenario, sha256: hash.digest('hex'), overrides, locate };
}

/** Goes on after a fault, so that one run shows them all. */
function collecting<T>(problems: LocatedProblem[], locate: Locate, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(...locateAll(error, locate).problems);
    return undefined;
  }
}

/** Problems that something further on found in a loaded scenario, with the places where they were written. */
export function locateProblems(loaded: Pick<LoadedScenario, 'locate'>, error: InputError): LocatedError {
  return locateAll(error, loaded.locate);
}

function readSetting(text: string): { path: string; value: unknown } {
  try {
    return parseSetting(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new LocatedError(error.problems.map((problem) => ({ ...problem, file: '--set' })));
  }
}

interface ChainFile extends YamlFile {
  path: string;
}

/** The file and everything it extends, the file first. */
function readChain(path: string): ChainFile[] {
  const chain: ChainFile[] = [];
  const seen = new Set<string>();
  let next: { path: string; by?: Place } | undefined = { path };
  while (next !== undefined) {
    const left = LARGEST_CHAIN - chain.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const file = { ...readYamlFileNamed(next.path, next.by, left), path: next.path };
    const identity = realpathSync(next.path);
    if (seen.has(identity)) throw refused(next.by, 'extends: the files extend each other in a circle');
    if (chain.length > DEEPEST_CHAIN) throw refused(next.by, `extends: more than ${DEEPEST_CHAIN} files deep`);
    seen.add(identity);
    refuseForeign(file);
    chain.push(file);
    next = baseOf(file, next.path);
  }
  return chain;
}

function readYamlFileNamed(path: string, by: Place | undefined, most: number): YamlFile {
  try {
    return readYamlFile(path, path, most);
  } catch (error) {
    if (!(error instanceof LocatedError) || by === undefined) throw error;
    const reasons = error.problems.map((problem) =>
      problem.line === undefined ? problem.message : 'is not valid YAML',
    );
    throw refused(by, `extends: ${printable(path)}: ${reasons[0]}`);
  }
}

function refused(by: Place | undefined, message: string): LocatedError {
  return new LocatedError([{ file: by?.file ?? '', ...by, path: ['extends'], message }]);
}

function baseOf(file: YamlFile, path: string): { path: string; by: Place } | undefined {
  const named = (file.value as { extends?: unknown }).extends;
  if (named === undefined || named === null) return undefined;
  const by = file.locate(['extends']);
  if (typeof named !== 'string' || named === '' || named.includes('\0')) {
    throw refused(by, `extends: expected the name of a file, got ${shown(named)}`);
  }
  return { path: isAbsolute(named) ? named : join(dirname(path), named), by };
}

/**
 * Stops at a file that is no scenario at all, before any message could quote its keys: whoever can name a file in a
 * scenario must not learn what stands in it.
 */
function refuseForeign(file: YamlFile): void {
  const value = file.value;
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const known = new Set(['extends', 'overrides', ...Object.keys(scenarioFile.shape)]);
  const isScenario =
    Object.hasOwn(value ?? {}, 'rackrate') || keys.filter((key) => known.has(key)).length * 2 > keys.length;
  if (keys.length > 0 && isScenario) return;
  const message = 'this is not a scenario; one begins with "rackrate: 1"';
  throw new LocatedError([{ file: file.file, line: 1, col: 1, path: [], message }]);
}

/** What a file says, with the files it names in turn made relative to the working folder, as its own path is. */
function ownKeys(file: ChainFile): unknown {
  const { extends: _, ...own } = file.value as Record<string, unknown>;
  return withFilesFrom(own, dirname(file.path));
}

function overrideLayer(file: YamlFile, name: string): Layer {
  return { find: (path, at) => (path.length === 0 ? undefined : file.find(['overrides', name, ...path], at)) };
}

function settingLayer(target: string, value: unknown): Layer {
  const own = parsePath(target).map(String);
  return {
    find: (path) => {
      const steps = path.map(String);
      if (steps.some((step, index) => index < own.length && step !== own[index])) return undefined;
      const place = { file: `--set ${printable(target)}` };
      if (steps.length < own.length) return { place, isBlock: true };
      let here = value;
      for (const step of steps.slice(own.length)) {
        if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
        here = (here as Record<string, unknown>)[step];
      }
      return { place, isBlock: typeof here === 'object' && here !== null && !Array.isArray(here) };
    },
  };
}

/**
 * The place in the topmost layer that has the longest part of the path.
 *
 * Walks downwards: once the topmost layer that has a key gives it anything but a block, that layer hides the others
 * from there on, as it does in the merge. A block is shown where a file has it, for a --set only reaches into it.
 */
function locateInLayers(layers: readonly Layer[], path: Path, at: 'key' | 'value' | undefined, root: Place): Place {
  let candidates = layers.toReversed();
  let place = root;
  for (let length = 1; length <= path.length; length++) {
    const holding = candidates.flatMap((layer) => {
      const found = layer.find(path.slice(0, length), length === path.length ? at : 'key');
      return found === undefined ? [] : [{ layer, ...found }];
    });
    const top = holding[0];
    if (top === undefined) return place;
    const written = top.isBlock ? holding.find((one) => one.place.line !== undefined) : undefined;
    place = (written ?? top).place;
    candidates = top.isBlock ? holding.map((one) => one.layer) : [top.layer];
  }
  return place;
}
