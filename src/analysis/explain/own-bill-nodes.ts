import { annualCapitalCharge } from '../../cost/finance.ts';
import type { LedgerLine } from '../../cost/ledger.ts';
import { nodeCapital, residualShare } from '../../cost/own-cost.ts';
import type { OwnPlan, Sourced } from '../../scenario/plan.ts';
import { energyNode, idleEnergyNode } from './energy-nodes.ts';
import { type Formula, formula, type NumberSource } from './explanation.ts';
import { billingUnitNode, gpusNode, hoursNode } from './fleet-nodes.ts';
import { facilitySource, settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

/** How a source that a line names in words is looked up. */
type SourceOf = (text: string) => NumberSource;

interface LineParts {
  quantity: Formula;
  rate: Formula;
}

/** A setting of `capacity.own`, or the card it was taken from. */
function ownSetting(e: Explaining, key: string, label: string, unit: string, value: number, typical: string): string {
  const { plan, origins } = { ...e, ...e.facts };
  const source = settingSource(origins, plan, ['capacity', 'own', key], facilitySource(origins, typical));
  return e.table.stated({ id: `own_${key}`, label, unit, value }, source);
}

function priceNode(e: Explaining, key: string, label: string, { value, source }: Sourced, sourceOf: SourceOf): string {
  return e.table.stated({ id: `node_${key}`, label, unit: 'USD', value }, sourceOf(source));
}

/** What of a node can be sold again. */
function hardwareNode(e: Explaining, own: OwnPlan, sourceOf: SourceOf): string {
  const value = own.server.value + own.network.value + own.ancillary.value + own.spares.value;
  return e.table.computed({ id: 'node_hardware', label: 'hardware of a node', unit: 'USD', value }, () => {
    const server = priceNode(e, 'server', 'a node with its GPUs', own.server, sourceOf);
    const network = priceNode(e, 'network', 'its switches and cables', own.network, sourceOf);
    const ancillary = priceNode(e, 'ancillary', 'its part of storage and management', own.ancillary, sourceOf);
    const spares = priceNode(e, 'spares', 'its part of the spares', own.spares, sourceOf);
    return formula`${server} + ${network} + ${ancillary} + ${spares}`;
  });
}

/** Annuity of a node, net of what it is sold for: paid yearly, as a spreadsheet's PMT. */
function chargeNode(e: Explaining, own: OwnPlan, sourceOf: SourceOf): string {
  const { capex, residual } = nodeCapital(own);
  const years = own.lifeMonths / 12;
  const value = annualCapitalCharge(capex, residual, years, own.costOfCapital);
  return e.table.computed({ id: 'node_annuity', label: 'annuity of a node, a year', unit: 'USD', value }, () => {
    const hardware = hardwareNode(e, own, sourceOf);
    const install = priceNode(e, 'install', 'freight, installation, burn-in', own.install, sourceOf);
    const life = ownSetting(e, 'life', 'life of a node in years', '', years, 'owning.life');
    const share = residualShare(own, own.lifeMonths);
    const sold = ownSetting(
      e,
      'residual',
      'share of its hardware that it is sold for',
      'share',
      share,
      'owning.residual',
    );
    const price = formula`(${hardware} + ${install} - ${hardware} * ${sold}`;
    if (own.costOfCapital === 0) return formula`${price}) / ${life}`;
    const rate = ownSetting(e, 'cost_of_capital', 'cost of capital', 'share', own.costOfCapital, 'discount_rate');
    const left = formula`exp(-${life} * log(1 + ${rate}))`;
    return formula`${price} * ${left}) * ${rate} / (1 - ${left})`;
  });
}

/** A yearly share of what nodes and their network cost. */
function yearlyShare(
  e: Explaining,
  own: OwnPlan,
  key: string,
  label: string,
  rate: number,
  sourceOf: SourceOf,
): Formula {
  const paid = own.server.value + own.network.value;
  if (paid === 0) return formula`0`;
  const share = ownSetting(e, key, label, 'share', (12 * rate) / paid, `owning.${key}`);
  const server = priceNode(e, 'server', 'a node with its GPUs', own.server, sourceOf);
  const network = priceNode(e, 'network', 'its switches and cables', own.network, sourceOf);
  return formula`${share} * (${server} + ${network}) / 12`;
}

/** A line of owned nodes; undefined for any other, and for what a card says in one number. */
export function ownParts(e: Explaining, entry: LedgerLine, sourceOf: SourceOf): LineParts | undefined {
  const own = e.facts.plan.capacity;
  if (own.kind !== 'own') return undefined;
  const nodes = formula`${gpusNode(e)} / ${billingUnitNode(e)}`;
  const share = (key: string, label: string) => yearlyShare(e, own, key, label, entry.rate, sourceOf);
  const tariff = () =>
    e.table.stated(
      { id: 'own_electricity', label: 'price of energy', unit: 'USD/kWh', value: own.electricity.value },
      sourceOf(own.electricity.source),
    );
  switch (entry.id) {
    case 'own.capital':
      return {
        quantity: formula`${gpusNode(e)} * ${hoursNode(e)}`,
        rate: formula`(${chargeNode(e, own, sourceOf)} / 12 / ${billingUnitNode(e)} / ${hoursNode(e)})`,
      };
    case 'own.support':
      return { quantity: nodes, rate: share('support', 'support and repair, a year over the price') };
    case 'own.tax_and_insurance':
      return { quantity: nodes, rate: share('tax_and_insurance', 'tax and insurance, a year over the price') };
    case 'own.power.idle': {
      const idle = idleEnergyNode(e);
      return idle === undefined ? undefined : { quantity: formula`${idle}`, rate: formula`${tariff()}` };
    }
    case 'own.power.work': {
      const [all, idle] = [energyNode(e), idleEnergyNode(e)];
      if (all === undefined || idle === undefined) return undefined;
      return { quantity: formula`(${all} - ${idle})`, rate: formula`${tariff()}` };
    }
    default:
      return undefined;
  }
}
