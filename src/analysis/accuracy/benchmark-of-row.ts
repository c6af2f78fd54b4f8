import type { Card, Catalog } from '../../catalog/catalog.ts';
import { type MeasuredRow, textOf } from './measured-row.ts';

type Benchmark = Card<'benchmark'>;
type Recipe = Benchmark['recipes'][number];

/** What stands in for a benchmark that no card knows, by the id of its card. */
const GENERIC = 'generic';

/** What is known of how a row came about, gathered from every benchmark and data set that it names. */
export interface BenchmarkFacts {
  load: 'closed' | 'static' | undefined;
  rounds: number;
  requests: number;
  spread: { low: number; high: number };
  /** Mean lengths of the data set. */
  lengths: { input: number; output: number } | undefined;
  recipes: readonly Recipe[];
}

/** Cards whose name or one of their aliases stands in the row's source or notes. */
function namedIn(row: MeasuredRow, catalog: Catalog): Benchmark[] {
  const text = `${textOf(row, 'source_id')} ${textOf(row, 'source')} ${textOf(row, 'notes')}`.toLowerCase();
  return catalog.ids('benchmark').flatMap((id) => {
    const card = catalog.find('benchmark', id);
    return card?.aliases.some((alias) => text.includes(alias.toLowerCase())) === true ? [card] : [];
  });
}

function firstOf<T>(cards: readonly Benchmark[], pick: (card: Benchmark) => T | undefined): T | undefined {
  return cards.map(pick).find((value) => value !== undefined);
}

/** What the row's benchmark is known to have done; the generic card fills in the rest. */
export function benchmarkFacts(row: MeasuredRow, catalog: Catalog): BenchmarkFacts {
  const named = namedIn(row, catalog);
  const generic = catalog.find('benchmark', GENERIC);
  const all = generic === undefined ? named : [...named, generic];
  return {
    load: firstOf(named, (card) => card.load),
    rounds: firstOf(all, (card) => card.rounds) ?? 1,
    requests: firstOf(all, (card) => card.requests) ?? 1,
    spread: firstOf(all, (card) => card.spread) ?? { low: 1, high: 1 },
    lengths: firstOf(named, (card) => card.lengths),
    recipes: named.flatMap((card) => card.recipes),
  };
}

/** What a recipe is chosen by: ids of cards, nominal lengths, GPUs in a group. */
export interface RecipeSubject {
  model: string;
  engine: string;
  gpu: string;
  input: number;
  output: number;
  tensorParallel: number;
}

const covers = (list: readonly string[] | undefined, id: string) => list?.includes(id) ?? true;
const agrees = (stated: number | undefined, value: number) => stated === undefined || stated === value;

function isFor(recipe: Recipe, on: RecipeSubject): boolean {
  return (
    covers(recipe.models, on.model) &&
    covers(recipe.engines, on.engine) &&
    covers(recipe.gpus, on.gpu) &&
    agrees(recipe.input, on.input) &&
    agrees(recipe.output, on.output) &&
    on.tensorParallel < (recipe.tensor_parallel_below ?? Number.POSITIVE_INFINITY)
  );
}

/** What the first recipe that names this model sets, of things that depend on no more than it and the GPU. */
export function fromModelRecipes<T>(
  facts: BenchmarkFacts,
  on: Pick<RecipeSubject, 'model' | 'gpu'>,
  pick: (recipe: Recipe) => T | undefined,
): T | undefined {
  const named = facts.recipes.filter(
    (recipe) => recipe.models?.includes(on.model) === true && covers(recipe.gpus, on.gpu),
  );
  return named.map(pick).find((value) => value !== undefined);
}

/** What the first of the recipes for this run that sets something sets. */
export function fromRecipes<T>(
  facts: BenchmarkFacts,
  on: RecipeSubject,
  pick: (recipe: Recipe) => T | undefined,
): T | undefined {
  return facts.recipes
    .filter((recipe) => isFor(recipe, on))
    .map(pick)
    .find((value) => value !== undefined);
}
