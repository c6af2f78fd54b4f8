import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndedRequest } from '../../src/serving/engine-spec.ts';
import { runReplica } from '../../src/serving/run-replica.ts';
import { runPlainEngine } from '../oracles/plain-engine.ts';
import type { PlainSightings, PlainTotals } from '../oracles/plain-request.ts';
import {
  type Grain,
  isFirstQuestion,
  type Policy,
  scriptedSource,
  type Workload,
  workload,
} from './random-workload.ts';

/** Runs of one policy: exact ones, and ones in which sums are rounded and the two may differ by that. */
const RUNS: Readonly<Record<Grain, number>> = { dyadic: 2000, real: 300 };
const TOLERANCE: Readonly<Record<Grain, number>> = { dyadic: 0, real: 1e-9 };

interface Outcome {
  ended: EndedRequest[];
  totals: PlainTotals;
}

function runFast({ spec, users }: Workload): Outcome {
  const ended: EndedRequest[] = [];
  const totals = runReplica(spec, scriptedSource(users), { ended: (request) => ended.push({ ...request }) });
  return { ended, totals };
}

function equal(a: number, b: number, tolerance: number, of = 0): boolean {
  return a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), of);
}

/** Where the fast engine says something else, field by field. */
function differences(plain: Outcome, fast: Outcome, tolerance: number): string[] {
  const found: string[] = [];
  const compare = <T extends object>(what: string, expected: T, got: T) => {
    for (const key of Object.keys(expected) as (keyof T & string)[]) {
      const [want, have] = [expected[key], got[key]];
      // A time in queues is made of differences of moments, and no better known than they are.
      const of = key === 'waited' && 'finish' in expected ? Number(expected.finish) : 0;
      const same = typeof want === 'number' && typeof have === 'number' && equal(want, have, tolerance, of);
      if (!same) found.push(`${what} ${key}: ${want}, not ${have}`);
    }
  };
  plain.ended.forEach((expected, at) => {
    const got = fast.ended[at];
    if (got === undefined) found.push(`${at}: ${expected.tag} did not end`);
    else compare(`ended[${at}] (tag ${expected.tag})`, expected, got);
  });
  if (fast.ended.length > plain.ended.length) found.push(`${fast.ended.length} ended`);
  compare('totals', plain.totals, fast.totals);
  return found;
}

type Sighting = keyof PlainSightings | 'preemptions' | 'refused' | 'ties';

/** What a policy's random workloads must meet, and in how large a share of them at least. */
type Meets = Partial<Record<Sighting, number>>;

/** Whether a user's first question came at the very moment that somebody else's answer began or ended. */
function hasTie({ ended }: Outcome): boolean {
  const first = ended.filter(({ tag }) => isFirstQuestion(tag));
  return first.some(({ arrival }) => ended.some((other) => other.firstToken === arrival || other.finish === arrival));
}

/** Holds the one to the other. @returns the share of workloads in which each rare turn was seen */
function agree(grain: Grain, policy: Policy): Map<string, number> {
  const shares = new Map<string, number>();
  fc.assert(
    fc.property(workload(grain, policy), (each) => {
      const plain = runPlainEngine(each.spec, scriptedSource(each.users));
      const { preemptions, refused } = plain.totals;
      const seen: Record<Sighting, number> = { ...plain.seen, preemptions, refused, ties: hasTie(plain) ? 1 : 0 };
      for (const [what, count] of Object.entries(seen)) {
        if (count > 0) shares.set(what, (shares.get(what) ?? 0) + 1 / RUNS[grain]);
      }
      expect(differences(plain, runFast(each), TOLERANCE[grain])).toEqual([]);
    }),
    { numRuns: RUNS[grain] },
  );
  return shares;
}

const OFTEN: Meets = { refused: 0.05, blockedAdmissions: 0.1, ties: 0.03 };
const TIGHT: Meets = { ...OFTEN, preemptions: 0.1 };
const CHUNKED: Meets = { ...TIGHT, partialPrompts: 0.3, lostPrefills: 0.02 };
const PREFIX: Meets = { prefixHits: 0.3, evictions: 0.2 };
const PRIORITIES: Meets = { priorityPreemptions: 0.1 };
const SPLIT: Meets = { ...OFTEN, partialPrompts: 0.3, preemptions: 0.03 };

const POLICIES: [name: string, policy: Policy, meets: Meets][] = [
  ['chunked', { scheduling: 'chunked', features: [] }, CHUNKED],
  ['chunked, longest reserved', { scheduling: 'chunked', features: ['reserves'] }, { ...OFTEN, partialPrompts: 0.3 }],
  ['whole', { scheduling: 'whole', features: [] }, TIGHT],
  ['whole, longest reserved', { scheduling: 'whole', features: ['reserves'] }, OFTEN],
  ['static', { scheduling: 'static', features: [] }, OFTEN],
  ['disaggregated', { scheduling: 'disaggregated', features: [] }, SPLIT],
  ['disaggregated, longest reserved', { scheduling: 'disaggregated', features: ['reserves'] }, OFTEN],
  ['prefix cache, chunked', { scheduling: 'chunked', features: ['prefix'] }, { ...CHUNKED, ...PREFIX }],
  ['prefix cache, whole', { scheduling: 'whole', features: ['prefix'] }, { ...TIGHT, ...PREFIX }],
  ['speculation, chunked', { scheduling: 'chunked', features: ['speculation'] }, CHUNKED],
  ['speculation, whole', { scheduling: 'whole', features: ['speculation'] }, TIGHT],
  ['speculation, disaggregated', { scheduling: 'disaggregated', features: ['speculation'] }, SPLIT],
  ['priorities, chunked', { scheduling: 'chunked', features: ['priorities'] }, { ...CHUNKED, ...PRIORITIES }],
  ['priorities, whole', { scheduling: 'whole', features: ['priorities'] }, { ...TIGHT, ...PRIORITIES }],
  ['priorities, disaggregated', { scheduling: 'disaggregated', features: ['priorities'] }, SPLIT],
  [
    'everything, chunked',
    { scheduling: 'chunked', features: ['prefix', 'speculation', 'priorities'] },
    { ...CHUNKED, ...PREFIX, ...PRIORITIES },
  ],
  [
    'everything, whole',
    { scheduling: 'whole', features: ['prefix', 'speculation', 'priorities'] },
    { ...TIGHT, ...PREFIX, ...PRIORITIES },
  ],
  [
    'everything, longest reserved',
    { scheduling: 'chunked', features: ['reserves', 'prefix', 'speculation', 'priorities'] },
    { ...OFTEN, ...PREFIX, ...PRIORITIES },
  ],
];

describe('the fast engine against its slow twin', { timeout: 60_000 }, () => {
  test.each(POLICIES)('%s: to the last bit', (_, policy, meets) => {
    const shares = agree('dyadic', policy);
    for (const [what, least] of Object.entries(meets)) expect(shares.get(what) ?? 0, what).toBeGreaterThan(least);
  });

  test.each(POLICIES)('%s: any numbers, to rounding', (_, policy) => {
    agree('real', policy);
  });
});
