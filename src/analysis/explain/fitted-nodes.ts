import type { CalibrationFactors } from '../../schema/own-calibration.ts';
import { formula, type NumberSource } from './explanation.ts';
import { calibrationSource, cardOf, engineSource, settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

/** Which of a deployment's own factors moves a coefficient, as `withFactors` has it; undefined where none does. */
function factorOf(field: string): keyof CalibrationFactors | undefined {
  if (/^(kv_)?memory_efficiency/.test(field)) return 'memory_efficiency';
  if (/^((unpacked|attention)_)?compute_efficiency$/.test(field)) return 'compute_efficiency';
  if (field.startsWith('host.front_end.')) return 'front_end';
  return /^(eager_|host\.(per_iteration|per_sequence|launch_scale)$)/.test(field) ? 'fixed_time' : undefined;
}

/** A number deep in a card, by its path there. */
function cardNumber(card: object, field: string): number {
  let value: unknown = card;
  for (const step of field.split('.')) value = (value as Record<string, unknown>)[step];
  return value as number;
}

interface Coefficient {
  id: string;
  label: string;
  unit: string;
  value: number;
  field: string;
  card: object;
  source: NumberSource;
}

/** A coefficient as its card has it, or as the deployment's own measurements move it; no share goes beyond 1. */
function coefficient(e: Explaining, { field, card, source, ...quantity }: Coefficient): string {
  const name = factorOf(field);
  const factor = name === undefined ? 1 : (e.origins.scenario.serving.calibrated?.[name] ?? 1);
  if (name === undefined || factor === 1) return e.table.stated(quantity, source);
  return e.table.computed(quantity, () => {
    const id = `shared_${quantity.id}`;
    const label = `${quantity.label}, on all deployments`;
    const shared = e.table.stated({ ...quantity, id, label, value: cardNumber(card, field) }, source);
    const own = e.table.stated(
      { id: `calibrated_${name}`, label: `own measurements over shared figures: ${name}`, unit: '', value: factor },
      settingSource(e.origins, e.facts.plan, ['serving', 'calibrated', name]),
    );
    const isShare = name === 'memory_efficiency' || name === 'compute_efficiency';
    return isShare ? formula`min(1, ${shared} * ${own})` : formula`${shared} * ${own}`;
  });
}

/** A fitted number of the calibration. */
export function fitted(e: Explaining, field: string, label: string, value: number, unit = ''): string {
  const { calibration } = e.facts.plan;
  const id = `fitted_${field.replaceAll('.', '_')}`;
  const card = cardOf(e.origins, 'calibration', calibration.id);
  return coefficient(e, { id, label, unit, value, field, card, source: calibrationSource(e.facts.plan, field) });
}

type HostField = 'per_iteration' | 'per_sequence' | 'launch_scale' | 'unpacked_moe_layer';
type FrontEndField = 'latency' | 'per_request' | 'per_prompt_token';

function ofEngine(e: Explaining, id: string, path: string, label: string, value: number, unit: string): string {
  const card = cardOf(e.origins, 'engine', e.origins.scenario.serving.engine);
  const field = `host.${path}`;
  return coefficient(e, { id, label, unit, value, field, card, source: engineSource(e.origins, field) });
}

/** What the engine's host takes. */
export function host(e: Explaining, field: HostField, label: string, unit: string): string {
  return ofEngine(e, `host_${field}`, field, label, e.facts.plan.engine.host[field], unit);
}

/** What the server does before its engine. */
export function frontEnd(e: Explaining, field: FrontEndField, label: string): string {
  const value = e.facts.plan.engine.host.front_end?.[field] ?? 0;
  return ofEngine(e, `front_end_${field}`, `front_end.${field}`, label, value, 's');
}

export const perSequenceNode = (e: Explaining) => host(e, 'per_sequence', 'host work for each sequence', 's');
export const launchScale = (e: Explaining) =>
  host(e, 'launch_scale', "launches of this engine over the calibration's", '');

/** Speed of the engine over what the shared efficiencies say, and of this deployment over the engine. */
export function hostRateNode(e: Explaining): string {
  const { rate } = e.facts.plan.engine.host;
  const { engine, engine_efficiency: efficiency = 1 } = e.origins.scenario.serving;
  const card = cardOf(e.origins, 'engine', engine).host.rate;
  const quantity = { id: 'host_rate', label: 'speed of the engine over the shared figures', unit: '' };
  const source = engineSource(e.origins, 'host.rate');
  if (efficiency === 1) return e.table.stated({ ...quantity, value: rate }, source);
  return e.table.computed({ ...quantity, value: rate }, () => {
    const shared = e.table.stated(
      { id: 'engine_rate', label: 'of the engine at large', unit: '', value: card },
      source,
    );
    const own = e.table.stated(
      { id: 'engine_efficiency', label: 'of this deployment over that', unit: '', value: efficiency },
      settingSource(e.origins, e.facts.plan, ['serving', 'engine_efficiency']),
    );
    return formula`${shared} * ${own}`;
  });
}
