import fc from 'fast-check';
import { test } from 'vitest';
import { runOrSkip, scenarios } from './random-scenario.ts';
test('prof', () => {
  const by: Record<string, [number, number]> = {};
  for (const raw of fc.sample(scenarios, { numRuns: 200, seed: 1 })) {
    const t = performance.now(); let kind = 'ok';
    try { runOrSkip(raw as any); } catch { kind = 'skip'; }
    const d = performance.now() - t; const tr = (raw as any).traffic;
    for (const k of [kind, 'ov:' + tr.overflow + (tr.growth && tr.growth !== '0 %/month' ? '+g' : ''), 'slo' + !!(raw as any).slo, 'rep:' + ((raw as any).serving.replicas ?? 'auto')]) { const e = (by[k] ??= [0, 0]); e[0]++; e[1] += d; }
  }
  console.log(Object.entries(by).map(([k, [n, t]]) => `${k} n=${n} mean=${(t / n).toFixed(1)}ms total=${t.toFixed(0)}`).join('\n'));
}, 100000);
