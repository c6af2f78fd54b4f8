import { normalQuantile } from '../../math/normal.ts';
import type { LengthDistribution } from '../../scenario/plan.ts';
import { requestTokens } from '../../scenario/request-tokens.ts';
import { type Formula, formula, type NumberSource } from './explanation.ts';
import { settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

type Side = 'input' | 'output';

const QUANTILE: NumberSource = { basis: 'definition', ref: '95 % quantile of the standard normal distribution' };

function lengthSetting(e: Explaining, side: Side, key: string, label: string, value: number): string {
  const path = ['traffic', `${side}_tokens`, ...(key === '' ? [] : [key])];
  const id = `${side}_tokens${key === '' ? '_given' : `_${key}`}`;
  const unit = key === 'cv' ? '' : 'token';
  return e.table.stated({ id, label, unit, value }, settingSource(e.origins, e.facts.plan, path));
}

/** Spread of the logarithm of a length given by two percentiles. */
function sigmaNode(e: Explaining, side: Side, p50: number, p95: number): string {
  const { cv } = e.facts.plan.traffic.mix[side];
  const quantity = { id: `${side}_tokens_sigma`, label: `spread of the logarithm, ${side}`, unit: '' };
  return e.table.computed({ ...quantity, value: Math.sqrt(Math.log1p(cv ** 2)) }, () => {
    const low = lengthSetting(e, side, 'p50', `median ${side}`, p50);
    const high = lengthSetting(e, side, 'p95', `95th percentile of ${side}`, p95);
    const z = e.table.stated(
      { id: 'normal_quantile_95', label: 'z at 95 %', unit: '', value: normalQuantile(0.95) },
      QUANTILE,
    );
    return formula`log(${high} / ${low}) / ${z}`;
  });
}

/** Mean and spread of a length, as the scenario gives it: a number, a mean with its spread, or two points. */
function lengthFormulas(e: Explaining, side: Side): { mean: Formula; cv?: Formula } | undefined {
  const { traffic } = e.origins.scenario;
  const field = traffic[`${side}_tokens`];
  if (field === undefined || (typeof field === 'object' && 'file' in field)) return undefined;
  if (typeof field === 'number') {
    return { mean: formula`${lengthSetting(e, side, '', `tokens of ${side}`, field)}`, cv: formula`0` };
  }
  if ('mean' in field) {
    const mean = lengthSetting(e, side, 'mean', `mean ${side}`, field.mean);
    return { mean: formula`${mean}`, cv: formula`${lengthSetting(e, side, 'cv', `spread of ${side}`, field.cv)}` };
  }
  if ('low' in field) {
    const [low, high] = [
      lengthSetting(e, side, 'low', `shortest ${side}`, field.low),
      lengthSetting(e, side, 'high', `longest ${side}`, field.high),
    ];
    return {
      mean: formula`(${low} + ${high}) / 2`,
      cv: formula`(${high} - ${low}) / sqrt(12) / ((${low} + ${high}) / 2)`,
    };
  }
  const sigma = sigmaNode(e, side, field.p50, field.p95);
  const median = lengthSetting(e, side, 'p50', `median ${side}`, field.p50);
  return { mean: formula`${median} * exp(${sigma}^2 / 2)`, cv: formula`sqrt(exp(${sigma}^2) - 1)` };
}

/** What lengths follow from where no formula gives them: a file of lengths, or the turns of sessions. */
function lengthMethod(e: Explaining, side: Side): { method: string; inputs: readonly string[] } {
  const { traffic } = e.origins.scenario;
  const place = e.origins.placeOf([
    'traffic',
    traffic.session !== undefined && side === 'input' ? 'session' : 'lengths',
  ]);
  const where = place ?? e.origins.placeOf(['traffic', `${side}_tokens`]) ?? 'traffic';
  return traffic.session !== undefined && side === 'input'
    ? {
        method: `mean over all turns of the session at ${where}, each weighed by the sessions that reach it`,
        inputs: [],
      }
    : { method: `of the lengths in the file that ${where} names`, inputs: [] };
}

function lengthNode(e: Explaining, side: Side, what: 'mean' | 'cv', label: string, unit: string): string {
  const length: LengthDistribution = e.facts.plan.traffic.mix[side];
  const quantity = {
    id: `${side}_tokens_${what === 'mean' ? 'per_sequence' : 'spread'}`,
    label,
    unit,
    value: length[what],
  };
  const formulas = lengthFormulas(e, side);
  if (formulas === undefined) return e.table.found(quantity, () => lengthMethod(e, side));
  return e.table.computed(quantity, () => (what === 'mean' ? formulas.mean : (formulas.cv ?? formula`0`)));
}

const outputMean = (e: Explaining) => lengthNode(e, 'output', 'mean', 'tokens of one answer, mean', 'token');
const outputSpread = (e: Explaining) => lengthNode(e, 'output', 'cv', 'coefficient of variation of answers', '');

/** Prompt of a request, cached tokens included. */
export const inputNode = (e: Explaining) => lengthNode(e, 'input', 'mean', 'tokens of a prompt, mean', 'token');

function samplesNode(e: Explaining): string {
  const { plan } = e.facts;
  return e.table.stated(
    { id: 'samples', label: 'answers to a prompt', unit: '', value: plan.traffic.mix.samples ?? 1 },
    settingSource(e.origins, plan, ['traffic', 'samples']),
  );
}

/** The node of how many answers are asked of a prompt; undefined where it is one. */
export function samplesOf(e: Explaining): string | undefined {
  return e.facts.plan.traffic.mix.samples === undefined ? undefined : samplesNode(e);
}

/** Output of a request, over all its answers. */
export function outputNode(e: Explaining): string {
  const { mix } = e.facts.plan.traffic;
  if (mix.samples === undefined) return outputMean(e);
  const quantity = { id: 'output_tokens_per_request', label: 'output tokens of a request', unit: 'token' };
  return e.table.computed(
    { ...quantity, value: requestTokens(mix).output },
    () => formula`${outputMean(e)} * ${samplesNode(e)}`,
  );
}

/** What of a prompt need not be computed again, sequence by sequence. */
function cachedNode(e: Explaining): string {
  const { plan } = e.facts;
  const { cachedInput } = plan.traffic.mix;
  return e.table.stated(
    { id: 'cached_input', label: 'share of prompts found in the cache', unit: 'share', value: cachedInput },
    settingSource(e.origins, plan, ['traffic', 'cached_input']),
  );
}

export function newPromptNode(e: Explaining): string {
  const { replica, plan } = e.facts;
  const quantity = { id: 'new_prompt_tokens', label: 'prompt tokens to compute', unit: 'token' };
  return e.table.computed({ ...quantity, value: replica.means.newPrompt }, () => {
    const own = formula`${inputNode(e)} * (1 - ${cachedNode(e)})`;
    return plan.traffic.mix.samples === undefined
      ? formula`max(1, ${own})`
      : formula`max(1, ${own} / ${samplesNode(e)})`;
  });
}

export function pastNode(e: Explaining): string {
  const quantity = { id: 'cached_prompt_tokens', label: 'prompt tokens already in the cache', unit: 'token' };
  return e.table.computed(
    { ...quantity, value: e.facts.replica.means.past },
    () => formula`max(0, ${inputNode(e)} - ${newPromptNode(e)})`,
  );
}

/** Mean context of a decoding sequence over the time it decodes: long answers weigh more. */
export function contextNode(e: Explaining): string {
  const { means } = e.facts.replica;
  const quantity = { id: 'mean_context', label: 'context of a decoding sequence, mean', unit: 'token' };
  return e.table.computed({ ...quantity, value: means.context }, () =>
    means.decodePasses === 0
      ? formula`${inputNode(e)} + ${outputMean(e)}`
      : formula`${inputNode(e)} + ${outputMean(e)} * (1 + ${outputSpread(e)}^2) / 2`,
  );
}

function speculationSetting(e: Explaining, key: 'acceptance' | 'depth' | 'draft_cost', label: string): string {
  const { plan } = e.facts;
  const { acceptance, depth, draftCost } = plan.serving.speculation ?? { acceptance: 0, depth: 0, draftCost: 0 };
  const value = { acceptance, depth, draft_cost: draftCost }[key];
  const path = ['serving', 'speculation', key];
  return e.table.stated({ id: `speculation_${key}`, label, unit: '', value }, settingSource(e.origins, plan, path));
}

export const depthNode = (e: Explaining) => speculationSetting(e, 'depth', 'tokens proposed a pass');
export const draftCostNode = (e: Explaining) => speculationSetting(e, 'draft_cost', 'a proposal over a pass');

export function tokensPerPassNode(e: Explaining): string {
  const quantity = { id: 'tokens_per_pass', label: 'tokens that a pass yields a sequence', unit: 'token' };
  return e.table.computed({ ...quantity, value: e.facts.replica.tokensPerPass }, () => {
    const kept = speculationSetting(e, 'acceptance', 'chance that a proposed token is kept');
    const depth = depthNode(e);
    return e.facts.plan.serving.speculation?.acceptance === 1
      ? formula`${depth} + 1`
      : formula`(1 - ${kept}^(${depth} + 1)) / (1 - ${kept})`;
  });
}

/** Passes of a request after the prefill, which itself emits the first token. */
export function decodePassesNode(e: Explaining): string {
  const quantity = { id: 'decode_passes', label: 'decode passes of a request', unit: '' };
  return e.table.computed({ ...quantity, value: e.facts.replica.means.decodePasses }, () =>
    e.facts.plan.serving.speculation === undefined
      ? formula`max(0, ${outputMean(e)} - 1)`
      : formula`max(0, ${outputMean(e)} - 1) / ${tokensPerPassNode(e)}`,
  );
}
