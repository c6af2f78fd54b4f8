import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explaining, explainMetric } from '../../src/analysis/explain/explain.ts';
import type { ExplainNode } from '../../src/analysis/explain/explanation.ts';
import { loadPlan } from '../../src/cli/load-plan.ts';
import { originsOf } from '../../src/cli/origins.ts';
import { explainMarkdown, explainText, shownFormula, shownQuantity } from '../../src/report/explain-text.ts';
import { PAPER } from '../../src/report/surface.ts';
import { evaluate } from '../analysis/explain/evaluate.ts';
import { ROOT } from '../cli/rackrate.ts';

const opened = loadPlan(join(ROOT, 'scenarios', 'support-chat-70b.yaml'), { set: [], with: [] });
const e = explaining(opened.plan, 0, originsOf(opened));
const explanation = explainMetric(e, 'usd_per_mtok_output');
const text = explainText(explanation, PAPER);

const PREFIX: Record<string, number> = {
  P: 1e15,
  T: 1e12,
  G: 1e9,
  M: 1e6,
  k: 1e3,
  m: 1e-3,
  µ: 1e-6,
  n: 1e-9,
  p: 1e-12,
};

/** The number that a reader takes off the screen, in the unit of the node. */
function read(node: ExplainNode): number {
  const line = text.split('\n').find((one) => new RegExp(`^ *(≈ )?${node.id} +-?\\d`).test(one)) ?? '';
  const [, value = '', unit = ''] = line.trim().replace('≈ ', '').split(/\s+/);
  const factor = unit !== node.unit && unit.endsWith(node.unit) ? (PREFIX[unit[0] as string] ?? Number.NaN) : 1;
  return Number(value.replaceAll(',', '')) * (node.unit === '' ? 1 : factor);
}

describe('an explanation on screen', () => {
  test('shows every number once, and what it shows multiplies out to what it shows', () => {
    const known = new Map(explanation.nodes.map((node) => [node.id, node]));
    for (const node of explanation.nodes) {
      const value = read(node);
      expect({ id: node.id, off: Math.abs(value - node.value) <= 1e-5 * Math.abs(node.value) }).toEqual({
        id: node.id,
        off: true,
      });
      if (node.formula === undefined) continue;
      const again = evaluate(node, (id) => read(known.get(id) as ExplainNode));
      expect({ id: node.id, off: Math.abs(again - value) <= 1e-4 * Math.abs(value) }).toEqual({
        id: node.id,
        off: true,
      });
    }
  });

  test('walks from datasheets and the scenario to dollars, and ends with the answer', () => {
    for (const words of ['H100 datasheet', 'config.json', 'gpu-price-index', 'support-chat-70b.yaml:16', 'seed 0']) {
      expect(text).toContain(words);
    }
    const last = text.trimEnd().split('\n').at(-1);
    expect(last).toMatch(/^usd_per_mtok_output = [\d.]+ USD\/Mtok: /);
  });

  test('every footnote that is cited is printed, and the other way round', () => {
    const [tree = '', sources = ''] = text.split('Sources\n');
    const cited = new Set([...tree.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1])));
    const printed = [...sources.matchAll(/^ {2}\[(\d+)\] /gm)].map((match) => Number(match[1]));
    expect([...cited].sort((a, b) => a - b)).toEqual(printed);
  });

  test('formulas keep exponents and get signs', () => {
    expect(shownFormula('max(1, a * -b / c - 1e-9)')).toBe('max(1, a × −b ÷ c − 1e-9)');
  });

  test.each([
    [0.999947, 'share', '0.999947'],
    [0.99999999532, 'share', '0.99999999532'],
    [3.35e12, 'B/s', '3.35 TB/s'],
    [9.6e-6, 's', '9.6 µs'],
    [730, 'h', '730'],
    [0, 'B', '0'],
  ])('%d %s', (value, unit, shown) => {
    const printed = shownQuantity({ value, unit });
    expect([printed.value, printed.unit].join(' ').startsWith(shown)).toBe(true);
  });

  test('as Markdown, one row a number', () => {
    const rows = explainMarkdown(explanation)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(explanation.nodes.length);
  });
});
