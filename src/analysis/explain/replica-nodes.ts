import type { EnvelopeLimit } from '../../serving/envelope.ts';
import { requestsPerRun } from '../../serving/simulated-envelope.ts';
import { iteration } from '../../serving/steady-state.ts';
import { formula } from './explanation.ts';
import { kvCapacityNode } from './memory-nodes.ts';
import { settingSource } from './provenance.ts';
import { inputNode, newPromptNode, outputNode, samplesOf } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { hasClosedForm, maxBatchNode, stateOfRunning, steadyNodes, tokenBudgetNode } from './steady-nodes.ts';
import { stepNode } from './step-nodes.ts';

/** How the replica was looked at: with which seed and how many requests, or by formulas. */
export function bySimulation({ facts: { plan, replica, seed } }: Explaining, what: string): string {
  if (plan.serving.envelope !== 'simulated') return `closed form of the replica: ${what}`;
  const requests = requestsPerRun(replica, plan.traffic).toLocaleString('en-US');
  return `simulated request by request, seed ${seed}, ${requests} requests a load and twice as many from 80 % of saturation on: ${what}`;
}

function targets(e: Explaining): string[] {
  const { plan } = e.facts;
  return plan.slo.map(({ metric, quantile, seconds }) => {
    const key = `${metric}_p${Math.round(quantile * 100)}`;
    const quantity = { id: `target_${key}`, label: `target of ${metric.toUpperCase()} p${quantile * 100}`, unit: 's' };
    return e.table.stated({ ...quantity, value: seconds }, settingSource(e.origins, plan, ['slo', key]));
  });
}

/** What decides how fast a replica goes, beside its steps: the mix and the engine's limits. */
export function replicaInputs(e: Explaining): string[] {
  const room = e.facts.replica.kvCapacityTokens === undefined ? [] : [kvCapacityNode(e)];
  return [inputNode(e), outputNode(e), newPromptNode(e), maxBatchNode(e), tokenBudgetNode(e), ...room];
}

/** An iteration at the busiest, and one that pushes a chunk of a mean prompt through alone. */
export function stepsAlone(e: Explaining): string[] {
  const { replica } = e.facts;
  const sequences = maxBatchNode(e);
  const full = {
    name: 'full',
    model: replica.step,
    load: iteration(replica, e.facts.plan.serving.maxBatch, 0),
    sequences,
  };
  return [stepNode(e, full, 'a decode iteration of a full batch'), promptStepNode(e)];
}

/** An iteration with as much of a mean prompt as the budget takes and nothing else. */
export function promptStepNode(e: Explaining): string {
  const { replica } = e.facts;
  const tokens = Math.min(replica.means.newPrompt, replica.tokenBudget);
  const prompt = e.table.computed(
    { id: 'prompt_chunk', label: 'prompt tokens of an iteration', unit: 'token', value: tokens },
    () => formula`min(${newPromptNode(e)}, ${tokenBudgetNode(e)})`,
  );
  const it = { name: 'prompt', model: replica.step, load: iteration(replica, 0, tokens), sequences: '', prompt };
  return stepNode(e, it, 'an iteration with a prompt alone');
}

/** The closed form's answer for a replica with as many sequences in flight as the simulation had. */
function closedForm(e: Explaining, name: 'target' | 'saturation', limit: EnvelopeLimit): string {
  const running = e.table.found(
    { id: `${name}_in_flight`, label: 'sequences in flight at that load', unit: '', value: limit.running },
    () => ({ method: bySimulation(e, 'their mean, by Little’s law'), inputs: [] }),
  );
  const nodes = steadyNodes(e, name, stateOfRunning(e, limit.running), {
    method: 'bisection: the number that decode while the others of those in flight are in their prefill',
    inputs: [running],
  });
  const samples = samplesOf(e);
  if (samples === undefined) return nodes.perSecond;
  const value = e.table.get(nodes.perSecond).value / e.table.get(samples).value;
  return e.table.computed(
    { id: `${name}_requests_per_second`, label: 'the same in requests', unit: '1/s', value },
    () => formula`${nodes.perSecond} / ${samples}`,
  );
}

function limitNode(e: Explaining, name: 'target' | 'saturation', label: string, what: string): string {
  const limit = e.facts.envelope[name];
  return e.table.found({ id: `${name}_capacity`, label, unit: '1/s', value: limit.requestsPerSecond }, () => {
    const method = bySimulation(e, what);
    const inputs = [...(name === 'target' ? targets(e) : []), ...replicaInputs(e)];
    return hasClosedForm(e)
      ? { method, inputs, check: closedForm(e, name, limit) }
      : { method, inputs: [...inputs, ...stepsAlone(e)] };
  });
}

/** Requests a second of one replica inside the target: what fleets are sized by. */
export function targetNode(e: Explaining): string {
  const { limitedBy } = e.facts.envelope.target;
  const label = 'requests a second of one replica inside the target';
  const what = `the largest load that meets every target; beyond it ${limitedBy} gives way first`;
  const none = `no target is set, so the rate at which it is full: ${limitedBy} runs out first`;
  return limitNode(e, 'target', label, e.facts.plan.slo.length === 0 ? none : what);
}

export function saturationNode(e: Explaining): string {
  const { limitedBy } = e.facts.envelope.saturation;
  const what = `the rate at which it works off a backlog that never ends: ${limitedBy} runs out first`;
  return limitNode(e, 'saturation', 'requests a second of one replica that is full', what);
}
