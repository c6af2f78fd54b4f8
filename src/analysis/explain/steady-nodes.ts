import { largestWhere } from '../../math/root.ts';
import {
  inFlight,
  iteration,
  prefillSeconds,
  promptRoom,
  type SteadyState,
  steadyState,
} from '../../serving/steady-state.ts';
import { type Formula, formula } from './explanation.ts';
import { isOneGroup, splitNode } from './layout-nodes.ts';
import { cardOf, engineSource, settingSource } from './provenance.ts';
import { decodePassesNode, depthNode, newPromptNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { stepNode } from './step-nodes.ts';

function limit(e: Explaining, key: 'max_batch' | 'token_budget', label: string, value: number): string {
  const { plan } = e.facts;
  const unit = key === 'max_batch' ? 'sequences' : 'token';
  const { [key]: usual, small_cards: small } = cardOf(e.origins, 'engine', e.origins.scenario.serving.engine);
  const field = value !== usual && value === small?.[key] ? `small_cards.${key}` : key;
  const fallback = engineSource(e.origins, field);
  return e.table.stated({ id: key, label, unit, value }, settingSource(e.origins, plan, ['serving', key], fallback));
}

export const maxBatchNode = (e: Explaining) =>
  limit(e, 'max_batch', 'sequences that may run at once', e.facts.plan.serving.maxBatch);

/** Every rank, and the micro-batch of every stage, has a budget of its own. */
export function tokenBudgetNode(e: Explaining): string {
  const { plan, replica } = e.facts;
  const own = limit(e, 'token_budget', 'tokens of an iteration, at most', plan.serving.tokenBudget);
  if (isOneGroup(e)) return own;
  const quantity = { id: 'token_budget_of_all', label: 'tokens of an iteration over all lanes', unit: 'token' };
  return e.table.computed(
    { ...quantity, value: replica.tokenBudget },
    () => formula`${own} * ${splitNode(e, 'attention_data_parallel')} * ${splitNode(e, 'pipeline_parallel')}`,
  );
}

/** Whether the closed form knows how this replica schedules, so that it can stand beside the simulation. */
export function hasClosedForm({ facts: { plan, replica } }: Explaining): boolean {
  const { scheduling } = plan.serving;
  const isChunked = scheduling.kind === 'continuous' && scheduling.prefill === 'chunked';
  return isChunked && plan.traffic.background === undefined && replica.means.decodePasses > 0;
}

/** The equilibrium in which as many sequences are in flight, or as many requests a second are served. */
function stateWhere(e: Explaining, fits: (state: SteadyState) => boolean): SteadyState {
  const { replica } = e.facts;
  const most = 2 * Math.max(replica.slots, replica.tokenBudget);
  const decoding = largestWhere((x) => fits(steadyState(replica, x)), 0, most) ?? 0;
  return steadyState(replica, decoding);
}

export const stateOfRunning = (e: Explaining, running: number) => stateWhere(e, (state) => inFlight(state) <= running);
export const stateOfRate = (e: Explaining, sequencesPerSecond: number) =>
  stateWhere(e, (state) => state.requestsPerSecond <= sequencesPerSecond);

/** A replica in equilibrium, in closed form. */
export interface SteadyNodes {
  decoding: string;
  pass: string;
  plainStep: string;
  chunkStep: string;
  chunkShare: string;
  /** Requests a second, sequence by sequence. */
  perSecond: string;
  prefill: string;
}

/** @param found how the number of decoding sequences was found, and from what */
export function steadyNodes(
  e: Explaining,
  name: string,
  state: SteadyState,
  found: { method: string; inputs: readonly string[] },
): SteadyNodes {
  const quantity = { id: `${name}_decoding`, label: 'sequences that decode', unit: '', value: state.decoding };
  const decoding = e.table.found(quantity, () => found);
  const running = Math.max(1, state.decoding);
  const sequences = e.table.computed(
    { id: `${name}_sequences`, label: 'sequences of an iteration', unit: '', value: running },
    () => formula`max(1, ${decoding})`,
  );
  const chunk = chunkNodes(e, name, state, decoding, sequences);
  const { replica } = e.facts;
  const plain = { name: `${name}_plain`, model: replica.step, load: iteration(replica, running, 0), sequences };
  const plainStep = stepNode(e, plain, 'an iteration without prompts');
  const pass = e.table.computed(
    { id: `${name}_pass`, label: 'time between two passes of a request', unit: 's', value: state.pass },
    () => formula`(1 - ${chunk.share}) * ${plainStep} + ${chunk.share} * ${chunk.step}`,
  );
  const perSecond = e.table.computed(
    {
      id: `${name}_per_second`,
      label: 'requests served a second, in closed form',
      unit: '1/s',
      value: state.requestsPerSecond,
    },
    () => formula`${decoding} / (${decodePassesNode(e)} * ${pass})`,
  );
  const prefill = prefillNode(e, name, sequences, running);
  return { decoding, pass, plainStep, chunkStep: chunk.step, chunkShare: chunk.share, perSecond, prefill };
}

function roomNode(e: Explaining, name: string, sequences: string, running: number): string {
  const { replica } = e.facts;
  const quantity = { id: `${name}_prompt_room`, label: 'tokens of an iteration left for prompts', unit: 'token' };
  return e.table.computed({ ...quantity, value: promptRoom(replica, running) }, () => {
    const queries = replica.step.queries === 1 ? formula`` : formula` * (${depthNode(e)} + 1)`;
    return formula`max(1, ${tokenBudgetNode(e)} - ${sequences}${queries})`;
  });
}

function chunkNodes(e: Explaining, name: string, state: SteadyState, decoding: string, sequences: string) {
  const { replica } = e.facts;
  const { newPrompt, decodePasses } = replica.means;
  const running = Math.max(1, state.decoding);
  const room = roomNode(e, name, sequences, running);
  const count = Math.max(1, newPrompt / promptRoom(replica, running));
  const chunks = e.table.computed(
    { id: `${name}_chunks`, label: 'chunks of a prompt', unit: '', value: count },
    () => formula`max(1, ${newPromptNode(e)} / ${room})`,
  );
  const share = e.table.computed(
    {
      id: `${name}_chunk_share`,
      label: 'share of iterations that carry a chunk',
      unit: 'share',
      value: state.chunkShare,
    },
    () => formula`min(1, ${chunks} * ${decoding} / ${decodePassesNode(e)})`,
  );
  const rare = state.chunkShare < 1;
  const value = rare ? newPrompt / count : (newPrompt * state.decoding) / decodePasses;
  const prompt = e.table.computed(
    { id: `${name}_chunk_prompt`, label: 'prompt tokens of a chunk', unit: 'token', value },
    () =>
      rare
        ? formula`${newPromptNode(e)} / ${chunks}`
        : formula`${newPromptNode(e)} * ${decoding} / ${decodePassesNode(e)}`,
  );
  const it = {
    name: `${name}_chunk`,
    model: replica.step,
    load: iteration(replica, running, value),
    sequences,
    prompt,
  };
  return { share, step: stepNode(e, it, 'an iteration with a chunk') };
}

/** Pushing a prompt through beside those that decode, in as few chunks as there is room for. */
function prefillNode(e: Explaining, name: string, sequences: string, running: number): string {
  const { replica } = e.facts;
  const length = Math.max(1, replica.means.newPrompt);
  const value = prefillSeconds(replica, running, length);
  const quantity = { id: `${name}_prefill`, label: 'time to push a prompt through', unit: 's', value };
  return e.table.computed(quantity, () => {
    const room = roomNode(e, name, sequences, running);
    const whole = Math.ceil(length / promptRoom(replica, running) - 1e-9);
    const chunks: Formula = formula`ceil(${newPromptNode(e)} / ${room} - 1e-9)`;
    const prompt = e.table.computed(
      {
        id: `${name}_prefill_prompt`,
        label: 'prompt tokens of each of its chunks',
        unit: 'token',
        value: length / whole,
      },
      () => formula`${newPromptNode(e)} / ${chunks}`,
    );
    const load = iteration(replica, running, length / whole);
    const it = { name: `${name}_prefill`, model: replica.step, load, sequences, prompt };
    return formula`${chunks} * ${stepNode(e, it, 'an iteration with one of them')}`;
  });
}
