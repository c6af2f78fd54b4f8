import { createUnitClass, type UnitClass } from 'mathjs';

/** What a quantity in a file turned into, or the sentence to show the person who wrote it. */
export type ParsedQuantity = { ok: true; value: number } | { ok: false; problem: string };

/**
 * The units a file may use beyond mathjs's own. Prefixes k, M, G, T, P apply to each (`Mtok`, `TFLOP/s`, `kUSD`).
 * `$` cannot be a unit name in mathjs, and currencies other than USD are not converted, so neither is here.
 */
const OWN_UNITS = {
  FLOP: { prefixes: 'short', aliases: ['flop', 'FLOPs', 'OP'] },
  USD: { prefixes: 'short', aliases: ['usd'] },
  tok: { prefixes: 'short', aliases: ['token', 'tokens'] },
  req: { prefixes: 'short', aliases: ['request', 'requests'] },
} as const;

/**
 * mathjs reads 1 month as 730.5 h and 1 year as 8,766 h. Neither is a billing convention, so both are refused here;
 * fields that mean billing months say so by their name.
 */
const REFUSED_WORDS = /\b(months?|years?|weeks?|decades?|century|centuries)\b/i;

/** A number, then at least one unit word; no brackets, so nothing in a file reaches an expression parser. */
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z][A-Za-z0-9 */^-]*)$/;

/** mathjs asks for its other number types; none is made here. */
class NoSuchNumber {}

/**
 * mathjs's unit class, made by its own factory over plain numbers. The whole of mathjs with its typed functions takes
 * a tenth of a second to set up at every start; this takes a hundredth and parses the same.
 */
function makeUnitClass(): UnitClass {
  const close = (a: number, b: number) => a === b || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));
  const numbers = {
    on: () => undefined,
    config: { number: 'number', predictable: false, relTol: 1e-12, absTol: 1e-15 },
    addScalar: (a: number, b: number) => a + b,
    subtractScalar: (a: number, b: number) => a - b,
    multiplyScalar: (a: number, b: number) => a * b,
    divideScalar: (a: number, b: number) => a / b,
    pow: Math.pow,
    abs: Math.abs,
    fix: Math.trunc,
    round: Math.round,
    equal: close,
    isNumeric: (value: unknown) => typeof value === 'number',
    format: String,
    number: Number,
    Complex: NoSuchNumber,
    BigNumber: NoSuchNumber,
    Fraction: NoSuchNumber,
  };
  const unitClass = createUnitClass(numbers);
  for (const [name, { prefixes, aliases }] of Object.entries(OWN_UNITS)) {
    unitClass.createUnit({ [name]: { prefixes, aliases: [...aliases] } });
  }
  return unitClass;
}

let instance: UnitClass | undefined;

function units(): UnitClass {
  instance ??= makeUnitClass();
  return instance;
}

/**
 * Reads `3.35 TB/s` and the like, checks its dimension and gives the number in `target`.
 *
 * Always converted with `toNumber(target)`: mathjs's SI base of data is the bit, and its `toSI` fails on own units.
 * The dimension is compared, not assumed, because `16 GT/s` parses (as giga-tesla per second).
 *
 * @param target canonical unit of the field, such as `B/s` or `USD/h`
 * @returns the number in that unit; otherwise a sentence that names the expected unit. Never throws.
 */
export function parseQuantity(text: string, target: string, example: string): ParsedQuantity {
  const asked = `expected a quantity in ${target}, such as "${example}"`;
  const trimmed = text.trim();
  if (trimmed.length > 64) return { ok: false, problem: `${asked}; this text is too long` };
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) {
    return { ok: false, problem: `${asked}; "${trimmed}" has no unit` };
  }
  const match = QUANTITY.exec(trimmed);
  if (match === null) return { ok: false, problem: `${asked}; cannot read "${trimmed}"` };
  const unitText = match[2] as string;
  const word = REFUSED_WORDS.exec(unitText);
  if (word !== null) {
    return { ok: false, problem: `${asked}; "${word[0]}" has no fixed length here, give hours or days` };
  }
  return converted(trimmed, unitText, target, asked);
}

/** Conversions done before: the points of a sweep state the same ones again and again. */
const known = new Map<string, ParsedQuantity>();
const MOST_KNOWN = 4096;

function converted(text: string, unitText: string, target: string, asked: string): ParsedQuantity {
  const key = `${text}/${target}/${asked}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const answer = convert(text, unitText, target, asked);
  if (known.size < MOST_KNOWN) known.set(key, answer);
  return answer;
}

function convert(text: string, unitText: string, target: string, asked: string): ParsedQuantity {
  try {
    const parsed = units().parse(text);
    if (!parsed.equalBase(units().parse(`1 ${target}`))) {
      return { ok: false, problem: `${asked}; "${unitText}" is another kind of quantity` };
    }
    const value = parsed.toNumber(target);
    if (!Number.isFinite(value)) return { ok: false, problem: `${asked}; the number is out of range` };
    return { ok: true, value };
  } catch {
    return { ok: false, problem: `${asked}; there is no unit "${unitText}"` };
  }
}
