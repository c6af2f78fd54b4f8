import { bytesPerWeight } from '../../model/precision.ts';
import type { WeightUse } from '../../model/weights.ts';
import { fullestPartOverMean, touchedExpertShare, touchedInFullestPart } from '../../perf/experts.ts';
import { combine } from '../../perf/roofline.ts';
import { decodeConstant, type StepLoad, type StepModel, stepSeconds, stepTerms } from '../../perf/step-time.ts';
import { allReduceNode } from './all-reduce-nodes.ts';
import { decodeAttention, type Iteration, prefillAttention } from './attention-nodes.ts';
import { expertActivationsNode, fullestPart, touchedNode } from './expert-nodes.ts';
import { type Formula, formula, joined } from './explanation.ts';
import { hostRateNode, perSequenceNode } from './fitted-nodes.ts';
import { computeRateNode, readRateNode } from './hardware-nodes.ts';
import { isOneGroup, layoutNodes } from './layout-nodes.ts';
import { eagerFloorFormula, fixedNode } from './overhead-nodes.ts';
import { adapterCountNode } from './parameter-nodes.ts';
import { settingSource } from './provenance.ts';
import { depthNode, draftCostNode, newPromptNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { groupBytesNode, groupFlopNode, groupsOf } from './weight-nodes.ts';

/** A setting of leaving early. */
function exitNode(e: Explaining, key: 'share' | 'depth', label: string): string {
  const value = e.facts.plan.model.earlyExit?.[key] ?? 0;
  const source = settingSource(e.origins, e.facts.plan, ['serving', 'early_exit', key]);
  return e.table.stated({ id: `early_exit_${key}`, label, unit: 'share', value }, source);
}

const leavingNode = (e: Explaining) => exitNode(e, 'share', 'share of tokens that leave early');
const depthOfExitNode = (e: Explaining) => exitNode(e, 'depth', 'share of the layers that they pass');

/** Tokens through the layers, those that leave early counted by the layers that they pass. */
function tokensThrough({ load, model }: Iteration): number {
  const { earlyExit } = model;
  const passed = earlyExit === undefined ? 1 : 1 - earlyExit.share * (1 - earlyExit.depth);
  return load.decodeSequences * model.queries * passed + load.promptTokens;
}

/** Tokens that the iteration puts through the layers: with speculation each sequence its own and the proposed ones. */
function tokensNode(e: Explaining, it: Iteration): string {
  const { load, model, name } = it;
  const value = tokensThrough(it);
  return e.table.computed({ id: `${name}_tokens`, label: 'tokens through the layers', unit: 'token', value }, () => {
    const queries = model.queries === 1 ? undefined : depthNode(e);
    const all = queries === undefined ? formula`${it.sequences}` : formula`${it.sequences} * (${queries} + 1)`;
    const decoding =
      model.earlyExit === undefined ? all : formula`${all} * (1 - ${leavingNode(e)} * (1 - ${depthOfExitNode(e)}))`;
    if (it.prompt === undefined) return decoding;
    return load.decodeSequences === 0 ? formula`${it.prompt}` : formula`${decoding} + ${it.prompt}`;
  });
}

/** Sequences that emit a token: those that decode, and the prompts whose last chunk this is. */
function emittedNode(e: Explaining, it: Iteration): string {
  const { load, name } = it;
  const quantity = { id: `${name}_emitted`, label: 'sequences that emit a token', unit: '', value: load.emitted };
  return e.table.computed(quantity, () => {
    if (it.prompt === undefined) return formula`${it.sequences}`;
    const ends = formula`${it.prompt} / ${newPromptNode(e)}`;
    return load.decodeSequences === 0 ? ends : formula`${it.sequences} + ${ends}`;
  });
}

/** The tokens that meet a group of weights: to the head go only those that emit, and what was proposed. */
function tokensAt(e: Explaining, it: Iteration, use: string): { text: Formula; value: number } {
  const { load, model } = it;
  if (use !== 'emitted') {
    return { text: formula`${tokensNode(e, it)}`, value: tokensThrough(it) };
  }
  const value = load.emitted + load.decodeSequences * (model.queries - 1);
  const emitted = emittedNode(e, it);
  if (model.queries === 1 || load.decodeSequences === 0) return { text: formula`${emitted}`, value };
  return { text: formula`(${emitted} + ${it.sequences} * ${depthNode(e)})`, value };
}

/** Share of a group's bytes that the iteration reads, where one tensor-parallel group does it all. */
function touchedShare({ load, model }: Iteration, use: WeightUse, tokens: number): number {
  if (use === 'routed') return touchedInFullestPart(model.experts, tokens);
  if (use === 'adapter') return touchedExpertShare(model.adapters ?? 1, 1, requestsOf(load));
  if (use !== 'every_token' || model.earlyExit === undefined || load.promptTokens > 0) return 1;
  return 1 - (1 - model.earlyExit.depth) * model.earlyExit.share ** load.decodeSequences;
}

/** Requests whose adapters an iteration meets. */
const requestsOf = (load: StepLoad) => load.decodeSequences + (load.promptTokens > 0 ? 1 : 0);

/** The same as a factor before the bytes; nothing where all of them are read. */
function touchedFactor(e: Explaining, it: Iteration, use: WeightUse, tokens: number): Formula {
  const { load, model } = it;
  if (use === 'routed') {
    return formula`${touchedNode(e, it.name, model, tokens, tokensNode(e, it))} * `;
  }
  if (use === 'adapter') {
    const decoding = load.decodeSequences === 0 ? formula`0` : formula`${it.sequences}`;
    const requests = load.promptTokens > 0 ? formula`(${decoding} + 1)` : decoding;
    return formula`(1 - (1 - 1 / ${adapterCountNode(e)})^${requests}) * `;
  }
  if (use !== 'every_token' || model.earlyExit === undefined || load.promptTokens > 0) return formula``;
  return formula`(1 - (1 - ${depthOfExitNode(e)}) * ${leavingNode(e)}^${it.sequences}) * `;
}

/** Multiplying and reading each group of weights. */
function linearNodes(e: Explaining, it: Iteration): string[] {
  const groups = groupsOf(e).filter((group) => group.use !== 'look_up');
  return groups.map((group, i) => {
    const cost = it.model.linear[i] as StepModel['linear'][number];
    const { text, value: tokens } = tokensAt(e, it, group.use);
    const isRouted = group.use === 'routed';
    const computed = isRouted ? tokens * fullestPartOverMean(it.model.experts, tokens) : tokens;
    const touched = touchedShare(it, group.use, tokens);
    const value = combine(it.model.combine, cost.secondsPerToken * computed, cost.memorySeconds * touched);
    const quantity = {
      id: `${it.name}_linear_${group.key}`,
      label: `linear layers, ${group.format}`,
      unit: 's',
      value,
    };
    return e.table.computed(quantity, () => {
      const rate = computeRateNode(e, group.format, isRouted);
      const all = formula`${groupBytesNode(e, group)} / ${readRateNode(e, group.format, bytesPerWeight(group.format))}`;
      const fullest = isRouted ? fullestPart(e, it.name, it.model, tokens, tokensNode(e, it)) : formula``;
      const multiplied = formula`${groupFlopNode(e, group)} / ${rate}`;
      const moved = isRouted ? expertActivationsNode(e) : undefined;
      const each =
        moved === undefined
          ? multiplied
          : formula`(${multiplied} + ${moved} / ${readRateNode(e, 'bf16', bytesPerWeight('bf16'))})`;
      const compute = formula`${each} * ${text}${fullest}`;
      const read = formula`${touchedFactor(e, it, group.use, tokens)}${all}`;
      return it.model.combine === 'max' ? formula`max(${compute}, ${read})` : formula`${compute} + ${read}`;
    });
  });
}

function hostNode(e: Explaining, it: Iteration): string {
  const value = it.model.fixedPerSequence * it.load.emitted;
  return e.table.computed(
    { id: `${it.name}_host_sequences`, label: 'host work for the sequences', unit: 's', value },
    () => formula`${perSequenceNode(e)} * ${emittedNode(e, it)}`,
  );
}

/** All but attention: never less, with prompts, than launching the layers one by one takes. */
function bodyFormula(e: Explaining, it: Iteration): Formula {
  const parts = [
    ...linearNodes(e, it),
    allReduceNode(e, it.name, tokensThrough(it), () => tokensNode(e, it)),
    fixedNode(e, it.model.fixedPerIteration),
    hostNode(e, it),
  ];
  const sum = joined(
    parts.filter((part) => part !== undefined),
    ' + ',
  );
  if (it.load.promptTokens === 0) return sum;
  return formula`max(${sum}, ${eagerFloorFormula(e)})`;
}

/** Proposing tokens: passes of the model over one token a sequence. */
function draftFormula(e: Explaining, it: Iteration): Formula | undefined {
  const { draft } = it.model;
  if (draft === undefined || it.load.decodeSequences === 0) return undefined;
  const { attention, scale } = draft.model;
  const context = attention.decodeFull * it.load.contextFull + attention.decodeSliding * it.load.contextSliding;
  // A measured rate moves the whole step, not the proposals within it once more.
  const rate = scale === 1 ? undefined : hostRateNode(e);
  const value = decodeConstant(draft.model, it.load.decodeSequences) + scale * context;
  const load: StepLoad = {
    ...it.load,
    promptTokens: 0,
    promptWorkFull: 0,
    promptWorkSliding: 0,
    promptKvTokens: 0,
    emitted: it.load.decodeSequences,
  };
  const plain: Iteration = { name: `${it.name}_plain`, model: draft.model, load, sequences: it.sequences };
  const pass = e.table.computed(
    { id: `${it.name}_plain_pass`, label: 'a pass over one token a sequence', unit: 's', value },
    () => (rate === undefined ? stepFormula(e, plain) : formula`(${stepFormula(e, plain)}) / ${rate}`),
  );
  return formula`${depthNode(e)} * ${draftCostNode(e)} * ${pass}`;
}

function stepFormula(e: Explaining, it: Iteration): Formula {
  const parts = [bodyFormula(e, it), decodeAttention(e, it), prefillAttention(e, it), draftFormula(e, it)];
  return joined(
    parts.filter((part) => part !== undefined),
    ' + ',
  );
}

/** What the engine's speed, or a measured rate of the replica, makes of every step. */
function scaleNode(e: Explaining): string {
  const { replica, plan } = e.facts;
  const quantity = { id: 'step_scale', label: 'factor on all step times', unit: '', value: replica.step.scale };
  if (plan.serving.measuredOutputTokensPerSecond === undefined) {
    return e.table.computed(quantity, () => formula`1 / ${hostRateNode(e)}`);
  }
  const place = e.origins.placeOf(['serving', 'measured']) ?? 'serving.measured';
  return e.table.found(quantity, () => ({
    method: `bisection: the factor with which the closed form comes to the rate measured at ${place}`,
    inputs: [],
  }));
}

/** One term of an iteration in which several groups of GPUs take part. */
function termNode(e: Explaining, it: Iteration, term: (typeof TERMS)[number], value: number): string {
  const id = `${it.name}_${term.replace('allReduce', 'exchange')}`;
  return e.table.found({ id, label: `of it: ${TERM_LABELS[term]}`, unit: 's', value }, () => ({
    method:
      'the step time of the fullest group and the slowest stage, which wait for each other: the model of one group with what passes between them',
    inputs: [...layoutNodes(e), it.sequences, it.prompt ?? '', ...stepConstants(e)].filter((input) => input !== ''),
  }));
}

const TERMS = ['compute', 'weights', 'kv', 'allReduce', 'fixed'] as const;
const TERM_LABELS = {
  compute: 'multiplying',
  weights: 'reading weights',
  kv: 'reading the KV cache',
  allReduce: 'exchange between GPUs',
  fixed: 'host, launches, and waiting for the slowest stage',
};

/** Weights and rates that a step rests on, where its arithmetic is not spelled out. */
function stepConstants(e: Explaining): string[] {
  const groups = groupsOf(e).filter((group) => group.use !== 'look_up');
  return groups.flatMap((group) => [
    groupBytesNode(e, group),
    groupFlopNode(e, group),
    computeRateNode(e, group.format, group.use === 'routed'),
    readRateNode(e, group.format, bytesPerWeight(group.format)),
  ]);
}

/** One iteration of the engine, down to what the cards say. */
export function stepNode(e: Explaining, it: Iteration, label: string): string {
  const value = stepSeconds(it.model, it.load);
  return e.table.computed({ id: `${it.name}_step`, label, unit: 's', value }, () => {
    if (!isOneGroup(e)) {
      const terms = stepTerms(it.model, it.load);
      return joined(
        TERMS.map((term) => termNode(e, it, term, terms[term])),
        ' + ',
      );
    }
    const sum = stepFormula(e, it);
    return it.model.scale === 1 ? sum : formula`${scaleNode(e)} * (${sum})`;
  });
}
