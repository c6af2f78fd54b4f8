import { busiestServed } from '../../fleet/month.ts';
import { promptTimeShare } from '../../result/metrics.ts';
import { readEnvelope } from '../../serving/read-envelope.ts';
import { iteration } from '../../serving/steady-state.ts';
import { frontEndSeconds } from '../../traffic/front-end.ts';
import { formula } from './explanation.ts';
import { frontEnd } from './fitted-nodes.ts';
import { peakRateNode, replicasNode } from './fleet-nodes.ts';
import { isOneGroup, layoutNodes } from './layout-nodes.ts';
import { bySimulation, promptStepNode, replicaInputs, targetNode } from './replica-nodes.ts';
import { inputNode, newPromptNode, tokensPerPassNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { hasClosedForm, type SteadyNodes, stateOfRate, steadyNodes, tokenBudgetNode } from './steady-nodes.ts';
import { stepNode } from './step-nodes.ts';

/** Requests a second that one replica serves in the busiest step, all replicas up. */
function busiestNode(e: Explaining): string {
  const { first } = e.facts;
  const value = busiestServed(first.result.records) / first.size.replicas;
  const quantity = { id: 'busiest_per_replica', label: 'requests a second of a replica, busiest hour', unit: '1/s' };
  return e.table.computed({ ...quantity, value }, () => formula`${busiestServedNode(e)} / ${replicasNode(e)}`);
}

const BUSIEST = 'the most that the fleet serves in one of the 2,016 steps of its week while all its replicas are up';

export function busiestServedNode(e: Explaining): string {
  const value = busiestServed(e.facts.first.result.records);
  const quantity = { id: 'busiest_served', label: 'requests a second served in the busiest hour', unit: '1/s', value };
  return e.table.found(quantity, () => ({
    method: BUSIEST,
    inputs: [peakRateNode(e), replicasNode(e), targetNode(e)],
  }));
}

/** The equilibrium at the busiest hour, in closed form. */
function peakState(e: Explaining): SteadyNodes {
  const { plan } = e.facts;
  const load = busiestNode(e);
  const perSequence = e.table.get(load).value * (plan.traffic.mix.samples ?? 1);
  return steadyNodes(e, 'peak', stateOfRate(e, perSequence), {
    method: 'bisection: as many as it takes to serve the load of the busiest hour',
    inputs: [load],
  });
}

/** Sequences in flight on a replica in the busiest hour. */
export function batchNode(e: Explaining): string {
  const quantity = { id: 'batch_at_peak', label: 'sequences in flight on a replica, busiest hour', unit: 'sequences' };
  return e.table.found({ ...quantity, value: e.facts.use.runningAtPeak }, () => {
    const method = bySimulation(e, 'read off its service curve at the load of the busiest hour');
    const inputs = [busiestNode(e), ...replicaInputs(e)];
    if (!hasClosedForm(e)) return { method, inputs: [...inputs, promptStepNode(e)] };
    const peak = peakState(e);
    const check = e.table.computed(
      { id: 'peak_in_flight', label: 'the same in closed form', unit: 'sequences', value: inFlightAt(e, peak) },
      () => formula`${peak.decoding} + ${peak.perSecond} * ${peak.prefill}`,
    );
    return { method, inputs, check };
  });
}

function inFlightAt(e: Explaining, { decoding, perSecond, prefill }: SteadyNodes): number {
  const amount = (id: string) => e.table.get(id).value;
  return amount(decoding) + amount(perSecond) * amount(prefill);
}

/** A decode iteration of the busiest hour. */
export function peakStepNode(e: Explaining): string {
  const { replica, metrics } = e.facts;
  const running = Math.max(1, metrics.batch_at_peak ?? 1);
  const sequences = e.table.computed(
    { id: 'busiest_sequences', label: 'sequences of an iteration, busiest hour', unit: '', value: running },
    () => formula`max(1, ${batchNode(e)})`,
  );
  const it = { name: 'busiest', model: replica.step, load: iteration(replica, running, 0), sequences };
  return stepNode(e, it, 'a decode iteration in the busiest hour');
}

/** Share of the GPUs' busy time that prompts take, over the month. */
export function promptShareNode(e: Explaining): string {
  const { envelope, first } = e.facts;
  const quantity = { id: 'prompt_time_share', label: 'share of busy GPU time spent on prompts', unit: 'share' };
  return e.table.found({ ...quantity, value: promptTimeShare(envelope, first) }, () => {
    const method = bySimulation(e, "read off its service curve at each step of the fleet's week, weighed by busy time");
    return { method, inputs: [busiestPromptShareNode(e), ...replicaInputs(e)] };
  });
}

/** The same while the fleet is busiest. */
function busiestPromptShareNode(e: Explaining): string {
  const load = busiestNode(e);
  const value = readEnvelope(e.facts.envelope, e.table.get(load).value).promptShare;
  const quantity = { id: 'busiest_prompt_share', label: 'the same at the busiest hour', unit: 'share', value };
  return e.table.found(quantity, () => {
    const method = bySimulation(e, 'read off its service curve at that load');
    if (!hasClosedForm(e)) return { method, inputs: [load, promptStepNode(e)] };
    const peak = peakState(e);
    // With less than one sequence at a time prompts meet an idle engine, which the closed form does not tell apart.
    if (e.table.get(peak.decoding).value < 1) return { method, inputs: [load, promptStepNode(e), peakStepNode(e)] };
    return { method, inputs: [load], check: promptShareAtPeak(e, peak) };
  });
}

function promptShareAtPeak(e: Explaining, { chunkShare, chunkStep, plainStep, pass }: SteadyNodes): string {
  const amount = (id: string) => e.table.get(id).value;
  const more = Math.max(0, amount(chunkStep) - amount(plainStep));
  const value = (amount(chunkShare) * more) / amount(pass);
  return e.table.computed(
    { id: 'peak_prompt_share', label: 'the same in closed form', unit: 'share', value },
    () => formula`${chunkShare} * max(0, ${chunkStep} - ${plainStep}) / ${pass}`,
  );
}

/** What the server does with a request before its engine sees it. */
function frontEndNode(e: Explaining): string {
  const { replica, plan } = e.facts;
  const value = frontEndSeconds(replica.frontEnd, replica.means.input);
  return e.table.computed({ id: 'front_end', label: 'before the engine sees a request', unit: 's', value }, () => {
    const cost = plan.engine.host.front_end;
    if (cost === undefined) return isOneGroup(e) ? formula`0` : formula`${fillNode(e, replica.frontEnd.latency)}`;
    const latency = frontEnd(e, 'latency', 'of every request');
    const each = frontEnd(e, 'per_request', 'work on a request');
    const perToken = frontEnd(e, 'per_prompt_token', 'work on a prompt token');
    const plain = formula`${latency} + ${each} + ${perToken} * ${inputNode(e)}`;
    return isOneGroup(e) ? plain : formula`${plain} + ${fillNode(e, replica.frontEnd.latency - cost.latency)}`;
  });
}

/** What a lone prompt's way through all stages takes beyond what an iteration counts of it. */
function fillNode(e: Explaining, value: number): string {
  const quantity = { id: 'pipeline_fill', label: 'way of a prompt through the other stages', unit: 's', value };
  return e.table.found(quantity, () => ({
    method: 'a prompt runs through the stages in one micro-batch; an iteration holds its arithmetic once',
    inputs: [...layoutNodes(e), newPromptNode(e)],
  }));
}

/** Time to the first token of a mean prompt that meets an empty replica. */
function emptyTtftNode(e: Explaining): string {
  const { replica } = e.facts;
  const { newPrompt } = replica.means;
  const chunks = Math.max(1, newPrompt / replica.tokenBudget);
  const [before, step] = [frontEndNode(e), promptStepNode(e)];
  const value = e.table.get(before).value + chunks * e.table.get(step).value;
  return e.table.computed(
    { id: 'empty_ttft', label: 'of a mean prompt that meets an empty replica', unit: 's', value },
    () => formula`${before} + max(1, ${newPromptNode(e)} / ${tokenBudgetNode(e)}) * ${step}`,
  );
}

/** A percentile of latency over the requests of month 1. */
export function latencyNode(e: Explaining, metric: 'ttft' | 'tpot', percentile: number, value: number): string {
  const id = `${metric}_p${percentile}_s`;
  const label = `${metric.toUpperCase()}, ${percentile === 50 ? 'median' : `${percentile}th percentile`}`;
  return e.table.found({ id, label, unit: 's', value }, () => {
    const what = "its latencies at the load of each step of the fleet's week, mixed by requests";
    const inputs = [busiestNode(e), ...replicaInputs(e), peakStepNode(e)];
    const method = bySimulation(e, what);
    const plain = metric === 'ttft' ? emptyTtftNode(e) : hasClosedForm(e) ? tpotAtPeakNode(e) : undefined;
    if (plain === undefined) return { method, inputs };
    // Only the median is near the plain case, and only where nobody waits for a backlog to go.
    const isNear = percentile === 50 && e.facts.plan.traffic.overflow !== 'queue';
    return isNear ? { method, inputs, check: plain } : { method, inputs: [...inputs, plain] };
  });
}

function tpotAtPeakNode(e: Explaining): string {
  const { pass } = peakState(e);
  const { tokensPerPass } = e.facts.replica;
  const value = e.table.get(pass).value / tokensPerPass;
  const quantity = { id: 'peak_tpot', label: 'mean at the busiest hour, in closed form', unit: 's', value };
  return e.table.computed(quantity, () =>
    tokensPerPass === 1 ? formula`${pass}` : formula`${pass} / ${tokensPerPassNode(e)}`,
  );
}
