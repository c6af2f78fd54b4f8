import { type RedundancyRule, replicasFor } from '../fleet/availability.ts';
import { redundancyRule } from '../fleet/capacity.ts';
import type { Plan } from '../scenario/plan.ts';
import type { Envelope } from '../serving/envelope.ts';
import { addTread, emptyTreads, type TreadTable, tableOf, treadOf } from './tread-table.ts';
import { type CostTread, costLaw, fixedTread, fleetUsd, overflowTreads, tokensPerReplicaMonth } from './volume-cost.ts';

/** Treads listed one by one; larger fleets are searched (see `treadsBeyond`). */
const MOST_TREADS = 1024;

/** Fleets this large are the last that are looked at, or the largest below it that redundancy allows. */
const FARTHEST = 2 ** 19;

/** The curve of own cost over volume. */
export interface Staircase {
  /** Treads that touch, from volume 0 on. */
  listed: TreadTable;
  /** For a fleet that grows: the tread on which so many replicas are needed. Undefined where no redundancy suffices. */
  treadFor: ((needed: number) => CostTread | undefined) | undefined;
  /** Width of a growing fleet's tread: what one replica carries. */
  width: number;
}

/** Replicas by how many are needed. */
type ReplicasByNeed = (needed: number) => number | undefined;

/** Of rules asked about before: the points of a sweep share theirs. */
const known = new Map<string, ReplicasByNeed>();
const MOST_RULES = 64;
const MOST_FAR = 4096;

/** One more replica needed takes no fewer replicas, and in a single zone at least one more. */
function replicasByNeed(rule: RedundancyRule): ReplicasByNeed {
  const key = `${rule.replicaAvailability}/${rule.targetAvailability}/${rule.zones}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  /** A count, 0 where it was not asked for, -1 where there is none. */
  const near = new Int32Array(MOST_TREADS + 1);
  const count = (needed: number): number => {
    const fewer = near[needed - 1] ?? 0;
    const least = fewer > 0 ? fewer + (rule.zones > 1 ? 0 : 1) : 0;
    return replicasFor(needed, rule, least) ?? -1;
  };
  const far = new Map<number, number>();
  const replicas: ReplicasByNeed = (needed) => {
    const found = near[needed] || far.get(needed) || count(needed);
    if (needed < near.length) near[needed] = found;
    else if (far.size < MOST_FAR) far.set(needed, found);
    return found < 0 ? undefined : found;
  };
  if (known.size >= MOST_RULES) known.delete(known.keys().next().value as string);
  known.set(key, replicas);
  return replicas;
}

/** Treads of a growing fleet, by the replicas they need. */
function growingFleet(plan: Plan, workKwh: number, width: number): (needed: number) => CostTread | undefined {
  const law = costLaw(plan, workKwh);
  const replicas = replicasByNeed(redundancyRule(plan));
  return (needed) => {
    const count = replicas(needed);
    if (count === undefined) return undefined;
    const fixedUsd = fleetUsd(plan, law, count);
    return { from: (needed - 1) * width, to: needed * width, fixedUsd, usdPerToken: law.usdPerToken };
  };
}

/**
 * One tread, with overflow behind it where an API takes it; or, for `auto`, a staircase.
 *
 * @param workKwh energy of a request above that of idle nodes
 */
export function staircase(plan: Plan, envelope: Envelope, workKwh: number): Staircase {
  const full = tokensPerReplicaMonth(plan, envelope);
  const { replicas, targetUtilization } = plan.serving;
  if (replicas !== 'auto') {
    const spills = plan.traffic.overflow === 'api';
    const listed = spills
      ? overflowTreads(plan, envelope, workKwh, replicas)
      : [fixedTread(plan, envelope, workKwh, replicas)];
    return { listed: tableOf(listed), treadFor: undefined, width: full };
  }
  const width = full * targetUtilization;
  const treadFor = growingFleet(plan, workKwh, width);
  const listed = emptyTreads(MOST_TREADS);
  for (let needed = 1; needed <= MOST_TREADS; needed++) {
    const next = treadFor(needed);
    if (next === undefined) break;
    addTread(listed, next.from, next.to, next.fixedUsd, next.usdPerToken);
  }
  return { listed, treadFor, width };
}

/** The tread a volume lies on; undefined beyond what a fleet of a given size can carry. */
export function treadAt(stairs: Staircase, tokens: number): CostTread | undefined {
  const listed = treadOf(stairs.listed, tokens);
  if (listed !== undefined || stairs.treadFor === undefined) return listed;
  const needed = Math.ceil(tokens / stairs.width);
  return needed <= FARTHEST ? stairs.treadFor(needed) : undefined;
}

/**
 * Beyond the listed treads of a growing fleet: those that still matter, given which are won throughout. Far out a
 * staircase is won on every tread or on none; if it is won, the first such tread is searched by halving and stands,
 * without an end, for all that follow.
 */
export function treadsBeyond({ listed, treadFor }: Staircase, isWon: (tread: CostTread) => boolean): CostTread[] {
  if (treadFor === undefined || listed.count < MOST_TREADS) return [];
  const wonAt = (needed: number) => {
    const far = treadFor(needed);
    return far !== undefined && isWon(far);
  };
  let farthest = FARTHEST;
  while (farthest > MOST_TREADS && treadFor(farthest) === undefined) farthest /= 2;
  if (farthest <= MOST_TREADS || !wonAt(farthest)) return [];
  let won = wonAt(MOST_TREADS + 1) ? MOST_TREADS + 1 : farthest;
  let lost = MOST_TREADS;
  while (won - lost > 1) {
    const middle = Math.floor((lost + won) / 2);
    if (wonAt(middle)) won = middle;
    else lost = middle;
  }
  const first = treadFor(won) as CostTread;
  const before = won - 1 > MOST_TREADS ? treadFor(won - 1) : undefined;
  return [...(before === undefined ? [] : [before]), { ...first, to: Number.POSITIVE_INFINITY }];
}
