import type { Card, Catalog } from '../../catalog/catalog.ts';
import type { KvFormat } from '../../schema/model.ts';
import {
  type BenchmarkFacts,
  benchmarkFacts,
  fromModelRecipes,
  fromRecipes,
  type RecipeSubject,
} from './benchmark-of-row.ts';
import { cardNamed } from './card-name.ts';
import { engineOf } from './engine-name.ts';
import { cacheNamed, isUnstated, weightsNamed } from './formats.ts';
import { countOf, type MeasuredRow, numberOf, Skip, textOf } from './measured-row.ts';
import type { MeasuredRun, RunLoad } from './measured-run.ts';

/** How the GPUs of a row work together. */
interface Layout {
  gpus: number;
  tensorParallel: number;
  stages: number;
  expertParallel: number;
  attentionRanks: number;
  copies: number;
}

/** Parts that a row's experts are dealt to: what it says, as far as the GPUs that share them allow. */
function expertParts(row: MeasuredRow, group: number, experts: number): number {
  const stated = Math.min(group, countOf(row, 'ep', 1));
  return group % stated === 0 && experts % stated === 0 ? stated : 1;
}

/** All GPUs as one group, or the largest part of them that the query heads split over, the rest being copies of it. */
function evenGroup(gpus: number, heads = gpus): number {
  let group = Math.max(1, Math.floor(gpus));
  while (group > 1 && (heads % group !== 0 || gpus % group !== 0)) group--;
  return group;
}

/**
 * Layout of a row. A blank tp means what the benchmark's public recipe has, else all GPUs, unless the notes say that they
 * share the layers, each working on its own.
 * In a mixture of experts dp counts the copies of attention beside shared experts; a table that gives all their GPUs
 * under tp as well means the group. One that counts ep beside a smaller tp means a group of tp x ep. GPUs beyond one
 * engine's are copies of it.
 */
function layoutOf(row: MeasuredRow, card: Card<'model'> | undefined, usual: number | undefined): Layout {
  const experts = card?.moe?.experts;
  const gpus = countOf(row, 'num_gpus', countOf(row, 'tp', 1) * countOf(row, 'pp', 1) * countOf(row, 'dp', 1));
  const dp = countOf(row, 'dp', 1);
  const isSplitByLayers = textOf(row, 'tp') === '' && /layer split/i.test(textOf(row, 'notes'));
  const stages = isSplitByLayers ? gpus : countOf(row, 'pp', 1);
  const attentionRanks = experts === undefined ? 1 : dp;
  let tensorParallel = countOf(row, 'tp', usual ?? evenGroup(gpus / stages / dp, card?.heads));
  if (attentionRanks > 1 && tensorParallel * stages === gpus) tensorParallel /= attentionRanks;
  const ep = countOf(row, 'ep', 1);
  if (ep > 1 && tensorParallel * ep * stages * dp === gpus) tensorParallel *= ep;
  const copies = gpus / (tensorParallel * stages * attentionRanks);
  if (!Number.isInteger(copies) || !Number.isInteger(tensorParallel)) {
    const each =
      attentionRanks > 1 ? `${tensorParallel} x ${stages} x ${attentionRanks}` : `${tensorParallel} x ${stages}`;
    throw new Skip(`${gpus} GPUs do not divide into groups of ${each}`);
  }
  const expertParallel = experts === undefined ? 1 : expertParts(row, tensorParallel * attentionRanks, experts);
  return { gpus, tensorParallel, stages, expertParallel, attentionRanks, copies };
}

/** A mean length that the notes spell out: "mean input 220 tokens", "avg osl 190". */
function inNotes(row: MeasuredRow, words: string): number | undefined {
  const pattern = new RegExp(
    `\\b(?:mean|avg|average)\\s+(?:${words})(?:\\s+(?:length|tokens|len))?\\D{0,4}(\\d[\\d.]*)`,
    'i',
  );
  const match = pattern.exec(textOf(row, 'notes'));
  return match === null ? undefined : Number(match[1]);
}

/** Length of prompt or answer: as recorded, else as the notes state it, else the mean of the data set they name. */
function lengthOf(row: MeasuredRow, column: 'isl' | 'osl', ofSet: number | undefined): number {
  const stated = inNotes(row, column === 'isl' ? 'isl|input|prompt' : 'osl|output|answer|generation');
  const length = numberOf(row, column) ?? stated ?? ofSet;
  if (length === undefined) throw new Skip(`${column} is blank, and no data set with known lengths is named`);
  if (!(length >= 1)) throw new Skip(`${column} is ${length}`);
  return length;
}

/** Requests a second in a cell, Infinity where all come at once; undefined where it is blank or no rate. */
function rateOf(row: MeasuredRow): number | undefined {
  const text = textOf(row, 'request_rate').toLowerCase();
  if (/^inf(inity)?$/.test(text)) return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(?:req\/s|requests\/s|rps|qps)?$/.exec(text);
  const rate = match === null ? 0 : Number(match[1]);
  return rate > 0 ? rate : undefined;
}

/** Requests that a client was told to send in all, where the notes say so. */
function requestsInNotes(row: MeasuredRow): number | undefined {
  const match = /\bnum[_-]prompts\s*[=:]?\s*(\d+)/i.exec(textOf(row, 'notes'));
  return match === null ? undefined : Number(match[1]);
}

/**
 * Scenarios in which everything is queued at once. MLPerf's Server has the highest rate at which latency stays inside
 * limits that are loose for what it asks: without that rate it is taken as this, which errs high by some per cent.
 */
const ALL_AT_ONCE = /offline|^server$/;

/** Metrics that are of a batch which starts together. */
const OF_A_BATCH = ['e2e_latency_s', 'prefill_tok_s'];

/** What a row's load is: see `MeasuredRun`. A batch that runs to its end is static; so are those of some benchmarks. */
function loadOf(row: MeasuredRow, facts: BenchmarkFacts): RunLoad {
  const scenario = textOf(row, 'scenario').toLowerCase();
  const rate = rateOf(row);
  const requests = requestsInNotes(row) ?? facts.requests;
  if (rate !== undefined && rate < Number.POSITIVE_INFINITY) return { kind: 'open', requestsPerSecond: rate, requests };
  const batch = numberOf(row, 'concurrency_or_batch') ?? (scenario === 'single-stream' ? 1 : undefined);
  if (/offline/.test(scenario) || (batch === undefined && ALL_AT_ONCE.test(scenario)))
    return { kind: 'offline', rounds: facts.rounds };
  if (batch === undefined && rate !== undefined) return { kind: 'offline', rounds: facts.rounds, requests };
  if (batch === undefined) throw new Skip('neither a number in flight nor a rate is given');
  if (!Number.isInteger(batch) || batch < 1) throw new Skip(`concurrency_or_batch is ${batch}`);
  const isStatic =
    OF_A_BATCH.includes(textOf(row, 'metric')) ||
    facts.load === 'static' ||
    /\bstatic\b/i.test(`${scenario} ${textOf(row, 'source_id')} ${textOf(row, 'notes')}`);
  return isStatic ? { kind: 'static', batch } : { kind: 'closed', users: batch, rounds: facts.rounds };
}

/** What changes the engine's work in ways that are not followed here, as far as the row says so. */
function refuseUnmodelled(row: MeasuredRow): void {
  const notes = textOf(row, 'notes');
  const speculation = /spec_decode=([\w-]+)/i.exec(notes)?.[1];
  if (speculation !== undefined && speculation !== 'none') {
    throw new Skip(`speculative decoding (${speculation}) at an acceptance the table does not give`);
  }
  if (/disagg/i.test(textOf(row, 'scenario')) || /mode=disagg/i.test(notes)) {
    throw new Skip('prefill on GPUs of its own, without its split of GPUs');
  }
}

/** Cache format: as recorded, else the public recipe's, else 16 bits, which engines use unless told otherwise. */
function cacheOf(row: MeasuredRow, facts: BenchmarkFacts, on: RecipeSubject): KvFormat {
  const named = textOf(row, 'kv_dtype');
  if (!isUnstated(named)) return cacheNamed(named);
  return fromRecipes(facts, on, (recipe) => recipe.kv_cache) ?? 'bf16';
}

/** What the benchmark's public recipe sets, where it sets it. */
function settingsOf(facts: BenchmarkFacts, on: RecipeSubject): MeasuredRun['settings'] {
  const beyond = fromRecipes(facts, on, (recipe) => recipe.token_budget_beyond_longest);
  const tokenBudget =
    beyond === undefined ? fromRecipes(facts, on, (recipe) => recipe.token_budget) : on.input + on.output + beyond;
  const memoryFraction = fromRecipes(facts, on, (recipe) => recipe.memory_fraction);
  const promptWaitIterations = fromRecipes(facts, on, (recipe) => recipe.prompt_wait_iterations);
  const promptsAlike = fromRecipes(facts, on, (recipe) => recipe.prompts_alike);
  return {
    ...(promptsAlike === undefined ? {} : { promptsAlike }),
    ...(tokenBudget === undefined ? {} : { tokenBudget: Math.round(tokenBudget) }),
    ...(memoryFraction === undefined ? {} : { memoryFraction }),
    ...(promptWaitIterations === undefined ? {} : { promptWaitIterations }),
  };
}

/** The run that a row was measured in. Throws a `Skip` where the row cannot be understood. */
export function runOfRow(row: MeasuredRow, catalog: Catalog): MeasuredRun {
  refuseUnmodelled(row);
  const facts = benchmarkFacts(row, catalog);
  const model = cardNamed(catalog, 'model', textOf(row, 'model'));
  const gpu = cardNamed(catalog, 'gpu', textOf(row, 'gpu'));
  const engine = engineOf(row, catalog);
  const card = catalog.find('model', model);
  const weights = textOf(row, 'weight_dtype');
  const usual = fromModelRecipes(facts, { model, gpu }, (recipe) => recipe.tensor_parallel);
  const layout = layoutOf(row, card, usual);
  const ofSet = fromModelRecipes(facts, { model, gpu }, (recipe) => recipe.lengths) ?? facts.lengths;
  const input = lengthOf(row, 'isl', ofSet?.input);
  const output = lengthOf(row, 'osl', ofSet?.output);
  const on = { model, gpu, engine, input, output, tensorParallel: layout.tensorParallel };
  return {
    ...on,
    ...layout,
    weights: isUnstated(weights) ? (card?.native_weights ?? 'bf16') : weightsNamed(weights),
    kvCache: cacheOf(row, facts, on),
    spread: facts.spread,
    load: loadOf(row, facts),
    settings: settingsOf(facts, on),
  };
}
