import { didYouMean } from '../math/edit-distance.ts';
import { shown } from '../schema/printable.ts';
import { InputError, optionError } from '../schema/problem.ts';
import { EXCLUSIVE_KEYS } from '../schema/traffic.ts';
import { parseYamlText, RESERVED_KEYS } from '../schema/yaml-text.ts';

type Block = Record<string, unknown>;
export type SettingPath = readonly (string | number)[];

/** Blocks whose forms exclude each other, so that a child's form replaces the base's instead of mixing with it. */
const REPLACED_WHOLE = [
  'traffic.input_tokens',
  'traffic.output_tokens',
  'traffic.arrivals',
  'traffic.session.turns',
  'traffic.session.pause',
];

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(path: SettingPath, message: string): never {
  throw new InputError([{ path, message }]);
}

/** `a.b.0.c` as keys and indexes; refuses the keys that reach a prototype. */
export function parsePath(path: string): SettingPath {
  const steps = path.split('.').map((step) => step.trim());
  if (steps.some((step) => step === '')) refuse([], `${shown(path)} is not a path such as traffic.requests_per_day`);
  const reserved = steps.find((step) => RESERVED_KEYS.includes(step));
  if (reserved !== undefined) refuse([], `${reserved} is reserved and cannot be set`);
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/**
 * A copy of `raw` with the value at a dotted path replaced; null removes the key, blocks on the way are made.
 *
 * Setting one load key of `traffic` removes the others, since a scenario has exactly one load. The same holds for the
 * ways to give the lengths of prompts and answers, and for rented and owned capacity.
 */
export function applyOverride(raw: unknown, path: string, value: unknown): unknown {
  const steps = parsePath(path);
  return place(raw, steps, 0, value);
}

function place(node: unknown, steps: SettingPath, depth: number, value: unknown): unknown {
  const step = steps[depth];
  if (step === undefined) return value;
  if (Array.isArray(node)) {
    if (typeof step !== 'number' || step > node.length) {
      refuse(steps, `the list has ${node.length} items, counted from 0; got ${step}`);
    }
    const item = place(node[step], steps, depth + 1, value);
    return node.toSpliced(step, 1, ...(item === null ? [] : [item]));
  }
  if (node !== undefined && node !== null && !isBlock(node)) {
    refuse(steps, `${steps.slice(0, depth).join('.')} is ${shown(node)}, not a block with keys`);
  }
  const block: Block = { ...(node ?? {}) };
  const child = place(block[String(step)], steps, depth + 1, value);
  if (child === null) delete block[String(step)];
  else block[String(step)] = child;
  return keepNewest(block, [String(step)], steps.slice(0, depth));
}

/** Groups of keys of a block of which a scenario has one. */
function exclusiveAt(path: SettingPath): readonly (readonly string[])[] {
  if (path.length !== 1) return [];
  return path[0] === 'traffic' ? EXCLUSIVE_KEYS : path[0] === 'capacity' ? [['rent', 'own']] : [];
}

/** Drops every key that excludes one which the change named. */
function keepNewest(block: Block, changed: readonly string[], path: SettingPath): Block {
  const dropped = exclusiveAt(path).flatMap((group): string[] => {
    const keys: readonly string[] = group;
    const isGiven = (key: string) => changed.includes(key) && block[key] !== undefined;
    return keys.some(isGiven) ? keys.filter((key) => !isGiven(key)) : [];
  });
  return Object.fromEntries(Object.entries(block).filter(([key]) => !dropped.includes(key)));
}

/**
 * The value of a setting or of an axis, from its text: a YAML scalar or a flow collection (`[1, 2]`, `{mean: 500}`).
 *
 * Digits with k, M or G are numbers (`500k`), which they are not in a file, because nobody types zeros at a prompt.
 */
export function parseSettingValue(text: string): unknown {
  const trimmed = text.trim();
  const scaled = /^([+-]?\d+(?:\.\d+)?)([kMG])$/.exec(trimmed);
  if (scaled !== null) return Number(`${scaled[1]}e${{ k: 3, M: 6, G: 9 }[scaled[2] as 'k' | 'M' | 'G']}`);
  const parsed = parseYamlText(trimmed);
  if (!parsed.ok) refuse([], `cannot read the value ${shown(text)}: ${parsed.faults[0]?.message ?? 'not valid'}`);
  const isFlow = trimmed.startsWith('[') || trimmed.startsWith('{');
  return typeof parsed.value === 'object' && parsed.value !== null && !isFlow ? trimmed : parsed.value;
}

/** Reads `path=value`. */
export function parseSetting(text: string): { path: string; value: unknown } {
  const equals = text.indexOf('=');
  if (equals < 1) refuse([], `expected path=value, got ${shown(text)}`);
  const path = text.slice(0, equals).trim();
  const value = text.slice(equals + 1);
  if (value.trim() === '') refuse([], `${shown(text)} has no value; write ${path}=null to remove the key`);
  const [first] = parsePath(path);
  if (FILE_KEYS.some((key) => key === first)) refuse([], `${first} belongs to the file; it cannot be set`);
  return { path, value: parseSettingValue(value) };
}

/**
 * The base with a child laid over it: blocks merge, lists and single values replace, null removes a key.
 *
 * A child that names one load key of `traffic`, or one way to give its lengths, drops the base's.
 */
export function mergeScenario(base: unknown, child: unknown): unknown {
  return merge(base, child, []);
}

function merge(base: unknown, child: unknown, path: readonly string[]): unknown {
  if (!isBlock(child)) return child;
  if (!isBlock(base) || REPLACED_WHOLE.includes(path.join('.'))) return withoutNulls(child);
  const merged: Block = { ...base };
  for (const [key, value] of Object.entries(child)) {
    if (value === null) delete merged[key];
    else merged[key] = Object.hasOwn(base, key) ? merge(base[key], value, [...path, key]) : merge(undefined, value, []);
  }
  return keepNewest(merged, Object.keys(child), path);
}

/** A removal of what the base never had is no value. */
function withoutNulls(block: Block): Block {
  const entries = Object.entries(block).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [key, isBlock(value) ? withoutNulls(value) : value]));
}

/** Keys of a scenario file that shape the scenario before its schema reads it. */
export const FILE_KEYS = ['extends', 'overrides'] as const;

/** The scenario proper, without the keys that only the file has. */
export function scenarioBody(raw: unknown): unknown {
  if (!isBlock(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([key]) => !FILE_KEYS.some((fileKey) => fileKey === key)));
}

/** Names of the `overrides:` blocks of a file; an InputError when the key holds anything but named blocks. */
export function overrideNames(raw: unknown): string[] {
  const blocks = isBlock(raw) ? raw['overrides'] : undefined;
  if (blocks === undefined || blocks === null) return [];
  if (!isBlock(blocks)) refuse(['overrides'], `expected named blocks of keys, got ${shown(blocks)}`);
  for (const [name, block] of Object.entries(blocks)) {
    if (!isBlock(block)) refuse(['overrides', name], `expected a block of keys, got ${shown(block)}`);
  }
  return Object.keys(blocks);
}

/** `raw` with its override block of this name laid over it. */
export function applyNamedOverride(raw: unknown, name: string): unknown {
  const names = overrideNames(raw);
  if (!names.includes(name)) {
    const known =
      names.length === 0 ? '; the scenario has none' : didYouMean(name, names) || `; known: ${names.join(', ')}`;
    throw optionError(`--with ${name}`, `there is no override ${shown(name)}${known}`);
  }
  const blocks = (raw as { overrides: Block }).overrides;
  return mergeScenario(raw, blocks[name]);
}
