/** Numbers for people. Machine formats never pass through here. */

/** From large to one; what is smaller than one keeps its unit unless its reader adds to these. */
export const PREFIXES: readonly [factor: number, prefix: string][] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
];

/** Three significant digits without an exponent, thousands set apart. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  if (decimals > 12) return value.toExponential(digits - 1);
  const text = value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: decimals });
  return text === '-0' ? '0' : text;
}

/** `3.35 TB/s`: a base-unit value with the prefix that leaves one to three digits before the point. */
export function formatQuantity(value: number, unit: string): string {
  const size = Math.abs(value);
  const [factor, prefix] = PREFIXES.find(([candidate]) => size >= candidate) ?? ([1, ''] as const);
  return `${significant(value / factor)} ${prefix}${unit}`;
}

export function formatSeconds(seconds: number): string {
  if (seconds >= 7200) return `${significant(seconds / 3600)} h`;
  if (seconds >= 120) return `${significant(seconds / 60)} min`;
  if (seconds >= 1) return `${significant(seconds)} s`;
  return seconds >= 1e-3 ? `${significant(seconds * 1e3)} ms` : `${significant(seconds * 1e6)} µs`;
}

/** A share as per cent; close to one it keeps as many nines as it takes to tell it from one. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (share > 0.99 && share < 1) {
    const nines = Math.floor(1e-9 - Math.log10(1 - share));
    return `${Number(percent.toFixed(Math.min(8, nines - 1)))} %`;
  }
  return `${significant(percent, 2)} %`;
}

/** A count of tokens in thousands, millions and billions, as finance writes them. */
export function formatTokens(tokens: number): string {
  const size = Math.abs(tokens);
  for (const [factor, word] of [
    [1e12, ' T'],
    [1e9, ' B'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const) {
    if (size >= factor) return `${significant(tokens / factor)}${word}`;
  }
  return significant(tokens);
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Money in whole dollars from 100 up, in cents below. */
export function formatUsd(usd: number): string {
  const digits = Math.abs(usd) >= 100 ? 0 : 2;
  return usd.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Two decimals for the prices people compare, three significant digits below a cent. */
export function formatUsdPerMtok(price: number): string {
  if (price === 0) return '0.00';
  if (Math.abs(price) >= 0.095)
    return price.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return significant(price, 2);
}

/** What a price of tokens may be quoted per. One factor each, so that the units cannot be mixed up. */
const TOKENS_PER = { token: 1, '1K tokens': 1e3, Mtok: 1e6 } as const;

/** A price per million tokens in another unit, the unit always with it: 0.149 USD/Mtok is 1.49e-7 USD/token. */
export function formatPrice(usdPerMtok: number, per: keyof typeof TOKENS_PER): string {
  const value = (usdPerMtok * TOKENS_PER[per]) / TOKENS_PER.Mtok;
  const text = Math.abs(value) > 0 && Math.abs(value) < 1e-4 ? value.toExponential(2) : significant(value);
  return `${text} USD/${per}`;
}
