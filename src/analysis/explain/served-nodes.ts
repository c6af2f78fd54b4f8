import { formula } from './explanation.ts';
import { offeredNode, peakRateNode, replicasNode } from './fleet-nodes.ts';
import { targetNode } from './replica-nodes.ts';
import type { Explaining } from './run-facts.ts';

const FATES = {
  overflow: 'requests that an API takes',
  refused: 'requests that are turned away',
  queued: 'requests still waiting at the end',
} as const;

const WEEK =
  "the fleet's week in 2,016 steps of five minutes, each in expected value over how many replicas are up: what goes beyond their capacity";

/** Requests that the own fleet serves: those offered, less what the week loses. */
export function servedNode(e: Explaining): string {
  const { traffic } = e.facts.first.result;
  const quantity = { id: 'served_requests', label: 'requests served by the own fleet', unit: '1/month' };
  return e.table.computed({ ...quantity, value: traffic.served }, () => {
    const lost = (Object.keys(FATES) as (keyof typeof FATES)[]).filter((fate) => traffic[fate] !== 0);
    return lost.reduce((rest, fate) => formula`${rest} - ${fateNode(e, fate)}`, formula`${offeredNode(e)}`);
  });
}

export function fateNode(e: Explaining, fate: keyof typeof FATES): string {
  const value = e.facts.first.result.traffic[fate];
  return e.table.found({ id: `${fate}_requests`, label: FATES[fate], unit: '1/month', value }, () => ({
    method: WEEK,
    inputs: [offeredNode(e), peakRateNode(e), replicasNode(e), targetNode(e)],
  }));
}
