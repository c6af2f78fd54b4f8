import type { Catalog } from '../catalog/catalog.ts';
import { bytesPerWeight } from '../model/precision.ts';
import type { WeightFormat } from '../schema/model.ts';
import type { Scenario } from '../schema/scenario.ts';

/** Of the tags that hold for any model. */
const TYPICAL = 'weight-formats';

/**
 * The share of its published scores that a model keeps in a format: all of it in the published one and in wider ones,
 * else what the scenario measured, else what is typical. Undefined where nobody has tagged the format.
 *
 * @assumes that a tag, which is relative to 16 bits, holds from a narrower published format on, too: it errs low
 */
export function qualityOf(
  scenario: Scenario,
  catalog: Catalog,
  format: WeightFormat,
  published: WeightFormat,
): number | undefined {
  if (format === published || bytesPerWeight(format) > bytesPerWeight(published)) return 1;
  const stated: Partial<Record<WeightFormat, number | undefined>> = scenario.quality?.tags ?? {};
  const typical: Partial<Record<WeightFormat, unknown>> = catalog.find('quality', TYPICAL) ?? {};
  const tag = stated[format] ?? typical[format];
  if (typeof tag === 'number') return tag;
  return bytesPerWeight(format) >= 2 ? 1 : undefined;
}
