/** A stretch of a logarithmic axis, in the unit of what is drawn. */
export interface LogRange {
  low: number;
  high: number;
}

/** The smallest stretch between marks at 1, 2 or 5 times a power of ten that holds all values. */
export function logRange(values: readonly number[]): LogRange {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const marks = marksBetween(low / 10, high * 10, [1, 2, 5]);
  const below = marks.findLast((mark) => mark <= low) ?? low;
  const above = marks.find((mark) => mark >= high) ?? high;
  return below < above ? { low: below, high: above } : { low: below / 2, high: above * 2 };
}

/** Where a value lies on the axis: 0 at its low end, 1 at its high one. */
export function along({ low, high }: LogRange, value: number): number {
  return Math.log(value / low) / Math.log(high / low);
}

function marksBetween(low: number, high: number, steps: readonly number[]): number[] {
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) {
      const mark = Number(`${step}e${power}`);
      if (mark >= low * (1 - 1e-9) && mark <= high * (1 + 1e-9)) marks.push(mark);
    }
  }
  return marks;
}

/** Marks of the axis at 1, 2 and 5 times every power of ten; all carry a label where there is room, else the powers. */
export function axisMarks({ low, high }: LogRange): { value: number; labelled: boolean }[] {
  const isShort = Math.log10(high / low) < ALL_LABELLED_BELOW;
  return marksBetween(low, high, [1, 2, 5]).map((value) => ({ value, labelled: isShort || isPower(value) }));
}

/** Decades that have room for three labels each. */
const ALL_LABELLED_BELOW = 1.6;

const isPower = (value: number): boolean => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;

const THOUSANDS = ['', 'k', 'M', 'G'];

/** "250", "1k", "20M". */
function short(value: number): string {
  const step = Math.max(0, Math.min(THOUSANDS.length - 1, Math.floor(Math.log10(value) / 3 + 1e-9)));
  return `${Number((value / 1000 ** step).toPrecision(3))}${THOUSANDS[step]}`;
}

/** A mark in the unit people say it in: a thousand milliseconds is a second. */
export function markLabel(value: number, unit: string): string {
  if (unit !== 'ms' && unit !== 's') return short(value);
  const milliseconds = unit === 's' ? value * 1000 : value;
  if (milliseconds >= 1000) return `${Number((milliseconds / 1000).toPrecision(3))} s`;
  return milliseconds >= 0.1
    ? `${Number(milliseconds.toPrecision(3))} ms`
    : `${Number((milliseconds * 1000).toPrecision(3))} µs`;
}
