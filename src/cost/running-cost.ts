import { weightBytesPerGpu } from '../model/weights.ts';
import type { OverheadCharge, Plan, ServedModel } from '../scenario/plan.ts';
import type { WeightFormat } from '../schema/model.ts';
import type { Bytes } from '../units/quantity.ts';
import { type LedgerLine, line } from './ledger.ts';

/** What the month's overhead lines are counted from. */
export interface MonthActivity {
  month: number;
  gpus: number;
  servedOutputTokens: number;
}

/** Bytes of one copy of the weights, of models asked about before: the months of a bill ask about one again and again. */
const storedBytes = new WeakMap<ServedModel, Map<WeightFormat, Bytes>>();

function weightBytes({ model, serving }: Plan): Bytes {
  const ofModel = storedBytes.get(model) ?? new Map<WeightFormat, Bytes>();
  storedBytes.set(model, ofModel);
  const bytes = ofModel.get(serving.weights) ?? weightBytesPerGpu(model, serving.weights, 1);
  ofModel.set(serving.weights, bytes);
  return bytes;
}

function quantityOf(plan: Plan, charge: OverheadCharge, activity: MonthActivity): number {
  switch (charge.per) {
    case 'month':
      return charge.times;
    case 'GPU-month':
      return charge.times * activity.gpus;
    case 'output GB':
      return (charge.times * activity.servedOutputTokens * plan.facility.bytes_per_token) / 1e9;
    case 'weight GB-month':
      return (charge.times * weightBytes(plan)) / 1e9;
    case 'FTE-year':
      return charge.times / 12;
  }
}

/** What a charge comes with, where a cost has several: a name of its own for each line of the bill. */
const CHARGED_PER: Readonly<Record<OverheadCharge['per'], string>> = {
  month: 'base',
  'GPU-month': 'per GPU',
  'output GB': 'per GB of output',
  'weight GB-month': 'per GB of weights',
  'FTE-year': 'staff',
};

function labelOf(charge: OverheadCharge, all: readonly OverheadCharge[]): string {
  const isAlone = all.filter(({ id }) => id === charge.id).length === 1;
  return isAlone ? charge.label : `${charge.label}, ${CHARGED_PER[charge.per]}`;
}

/**
 * Overhead lines of a month, one per charge.
 * @source the facility card, or the scenario where it states its own
 * @checkedBy test/cost/ledger.test.ts
 */
export function overheadLines(plan: Plan, activity: MonthActivity): LedgerLine[] {
  return plan.overheads.map((charge) =>
    line({
      id: charge.id,
      label: labelOf(charge, plan.overheads),
      group: charge.group,
      month: activity.month,
      quantity: quantityOf(plan, charge, activity),
      unit: charge.per,
      rate: charge.usd,
      source: charge.source,
      ...(charge.per === 'output GB' ? { basis: 'marginal, cash and loaded' as const } : {}),
    }),
  );
}
