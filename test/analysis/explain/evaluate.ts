import { compile, type EvalFunction } from 'mathjs';
import type { ExplainNode } from '../../../src/analysis/explain/explanation.ts';

/** Chance that at least k of n are up, term by term. */
function atLeast(n: number, k: number, a: number): number {
  let sum = 0;
  for (let i = k; i <= n; i++) {
    let ways = 1;
    for (let j = 1; j <= i; j++) ways *= (n - i + j) / j;
    sum += ways * a ** i * (1 - a) ** (n - i);
  }
  return sum;
}

/** The smallest fleet, tried one by one. */
function fewest(k: number, a: number, target: number, zones: number): number {
  for (let n = k; n < 10_000; n++) {
    const survives = zones === 1 || n - n / zones >= k;
    if (n % zones === 0 && survives && atLeast(n, k, a) >= target) return n;
  }
  return Number.NaN;
}

const compiled = new Map<string, EvalFunction>();

/** A node's formula over the values given for its inputs, by mathjs. */
export function evaluate({ formula = '', inputs }: ExplainNode, amount: (id: string) => number): number {
  const code = compiled.get(formula) ?? compile(formula);
  compiled.set(formula, code);
  const scope = Object.fromEntries(inputs.map((id) => [id, amount(id)]));
  return code.evaluate({ ...scope, atLeast, fewest }) as number;
}
