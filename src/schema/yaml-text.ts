import { type Document, isAlias, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';

/** A fault of the text itself, at an offset. The sentence never holds any of the text: it may be somebody's secret. */
export interface TextFault {
  line: number;
  col: number;
  message: string;
}

export type ParsedText =
  | { ok: true; value: unknown; document: Document; lines: LineCounter }
  | { ok: false; faults: TextFault[] };

const DEEPEST = 64;
const MOST_ALIASES = 50;
const MOST_VALUES = 200_000;
/** Nobody mends more at once. */
const MOST_FAULTS = 100;

/** Keys through which a merge could reach the prototype of every object. */
export const RESERVED_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

const SENTENCES: Record<string, string> = {
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  TAB_AS_INDENT: 'a tab cannot indent; use spaces',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing',
  MULTIPLE_DOCS: 'expected one document; "---" begins a second one',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on one line; put the text in quotes',
  BAD_SCALAR_START: 'a value cannot begin with this character; put it in quotes',
  TAG_RESOLVE_FAILED: 'tags ("!name") are not accepted',
  BAD_ALIAS: 'the alias is not valid',
};

/**
 * Reads YAML 1.2 (core schema) or JSON without trusting it: no tags, no directives, no merge keys, bounded aliases and
 * depth. JSON goes through the same parser, so that positions, duplicate keys and limits are the same for both.
 *
 * Duplicate keys are found here and not by the parser, whose check is quadratic in the number of keys.
 */
export function parseYamlText(text: string): ParsedText {
  const lines = new LineCounter();
  const fault = (offset: number, message: string): TextFault => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), col: Math.max(1, col), message };
  };
  const tooDeep = scanDepth(text);
  if (tooDeep !== undefined) return { ok: false, faults: [{ ...tooDeep, message: 'nested too deeply' }] };
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
      lineCounter: lines,
    });
    const parserFaults = [...document.errors, ...document.warnings].map((error) =>
      fault(error.pos[0], SENTENCES[error.code] ?? 'this is not valid YAML'),
    );
    if (parserFaults.length > 0) return { ok: false, faults: parserFaults.slice(0, 5) };
    if (document.directives?.yaml.explicit === true) {
      return { ok: false, faults: [{ line: 1, col: 1, message: 'directives ("%YAML") are not accepted' }] };
    }
    const keyFaults = checkKeys(document).map(({ offset, message }) => fault(offset, message));
    if (keyFaults.length > 0) return { ok: false, faults: keyFaults.slice(0, MOST_FAULTS) };
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    const size = checkSize(value);
    if (size !== undefined) return { ok: false, faults: [{ line: 1, col: 1, message: size }] };
    return { ok: true, value, document, lines };
  } catch {
    return { ok: false, faults: [{ line: 1, col: 1, message: 'an alias cannot be resolved, or there are too many' }] };
  }
}

/**
 * Where nesting first passes the limit, counting brackets, leading spaces and leading dashes in one pass over the text.
 *
 * It does not know quotes, so it may count a bracket inside a text; it errs towards refusing, and only from 64 on.
 */
function scanDepth(text: string): { line: number; col: number } | undefined {
  let open = 0;
  let line = 1;
  let start = 0;
  let leading = true;
  let indents = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '\n') {
      line += 1;
      start = i + 1;
      leading = true;
      indents = 0;
      continue;
    }
    if (character === '[' || character === '{') open += 1;
    else if ((character === ']' || character === '}') && open > 0) open -= 1;
    if (leading) {
      if (character === '-' || character === '?' || character === ':') indents += 1;
      else if (character !== ' ' && character !== '\t') leading = false;
    }
    if (open > DEEPEST || indents > DEEPEST || (leading && open === 0 && i - start > 8 * DEEPEST)) {
      return { line, col: i - start + 1 };
    }
  }
  return undefined;
}

function checkKeys(document: Document): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const pair of map.items) {
        if (!isPair(pair)) continue;
        const key = pair.key;
        const offset = (key as { range?: [number, number, number] } | null)?.range?.[0] ?? 0;
        if (!isScalar(key)) {
          found.push({ offset, message: 'a key must be plain text' });
          continue;
        }
        const name = String(key.value);
        if (seen.has(name)) found.push({ offset, message: 'this key is given twice' });
        if (RESERVED_KEYS.includes(name)) found.push({ offset, message: 'this key is reserved' });
        seen.add(name);
      }
    },
  });
  return found;
}

/** Aliases can make a small text large or endless once expanded, so the expanded value is walked, with a limit. */
function checkSize(root: unknown): string | undefined {
  let values = 0;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return 'nested too deeply, or an alias holds itself';
    values += level.length;
    if (values > MOST_VALUES) return `more than ${MOST_VALUES} values`;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return undefined;
}

/** The span of the node at a path, exactly; undefined where the text has none. Aliases are followed. */
export function rangeAt(
  document: Document,
  path: readonly (string | number)[],
): { key: number; value: number; isMap: boolean } | undefined {
  let node: unknown = document.contents;
  let key = offsetOf(node) ?? 0;
  for (const step of path) {
    const here = isAlias(node) ? node.resolve(document) : node;
    const child = childOf(here, step);
    if (child === undefined) return undefined;
    key = child.key;
    node = child.node;
  }
  const target = isAlias(node) ? node.resolve(document) : node;
  return { key, value: offsetOf(node) ?? key, isMap: isMap(target) };
}

function childOf(parent: unknown, step: string | number): { key: number; node: unknown } | undefined {
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
    return pair === undefined ? undefined : { key: offsetOf(pair.key) ?? 0, node: pair.value };
  }
  const items = (parent as { items?: unknown[] } | null | undefined)?.items;
  const item = Array.isArray(items) ? items[Number(step)] : undefined;
  return item === undefined ? undefined : { key: offsetOf(item) ?? 0, node: item };
}

function offsetOf(node: unknown): number | undefined {
  const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
  return range?.[0];
}
