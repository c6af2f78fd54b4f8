import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../src/math/normal.ts';
import { promptAtTurn, sessionMoments } from '../../src/scenario/session-moments.ts';

const AGENT = {
  turns: { mean: 15, cv: 0 },
  firstInput: 2000,
  addedPerTurn: 1000,
  contextCap: Number.POSITIVE_INFINITY,
};

/** The definition, prompt by prompt. */
function byHand(session: typeof AGENT, turns: number, shared: number) {
  const prompts = Array.from({ length: turns }, (_, i) => session.firstInput + session.addedPerTurn * i);
  const kept = prompts.map((prompt) => Math.min(prompt, session.contextCap));
  const sum = kept.reduce((total, prompt) => total + prompt, 0);
  const repeated = prompts.map((prompt, i) => {
    if (i === 0 || prompt > session.contextCap) return shared;
    return kept[i - 1] as number;
  });
  return { mean: sum / turns, share: repeated.reduce((total, tokens) => total + tokens, 0) / sum };
}

describe('a session', () => {
  test('of 15 calls has 135,000 tokens, of which 119,000 were sent before', () => {
    const { requestsPerSession, input, repeatedShare } = sessionMoments(AGENT);
    expect(requestsPerSession).toBe(15);
    expect(input.mean).toBe(9000);
    expect(input.cv * input.mean).toBeCloseTo(1000 * Math.sqrt((15 ** 2 - 1) / 12), 9);
    expect(repeatedShare).toBeCloseTo(119 / 135, 12);
  });

  test('of one request repeats only what all share', () => {
    const { input, repeatedShare } = sessionMoments({ ...AGENT, turns: { mean: 1, cv: 0 } }, 500);
    expect(input).toEqual({ mean: 2000, cv: 0 });
    expect(repeatedShare).toBe(0.25);
  });

  test('any number of turns, any cap, any shared prompt: as counted prompt by prompt', () => {
    const numbers = { turns: [1, 60], first: [1, 9000], added: [0, 3000], room: [0, 50_000] } as const;
    const whole = ([min, max]: readonly [number, number]) => fc.integer({ min, max });
    fc.assert(
      fc.property(
        whole(numbers.turns),
        whole(numbers.first),
        whole(numbers.added),
        whole(numbers.room),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (turns, firstInput, addedPerTurn, room, part) => {
          const session = { turns: { mean: turns, cv: 0 }, firstInput, addedPerTurn, contextCap: firstInput + room };
          const shared = Math.floor(part * firstInput);
          const found = sessionMoments(session, shared);
          const plain = byHand(session, turns, shared);
          expect(found.input.mean / plain.mean).toBeCloseTo(1, 9);
          expect(found.repeatedShare).toBeCloseTo(plain.share, 9);
          expect(promptAtTurn(session, turns)).toBe(
            Math.min(session.contextCap, firstInput + addedPerTurn * (turns - 1)),
          );
        },
      ),
    );
  });

  test('with turns that vary: as counted over log-normal draws, rounded, at least one', () => {
    const turns = { mean: 6, cv: 0.8 };
    const session = { ...AGENT, turns, contextCap: 9000 };
    const variance = Math.log1p(turns.cv ** 2);
    const draws = Array.from({ length: 200_000 }, (_, i) => {
      const z = normalQuantile((i + 0.5) / 200_000);
      return Math.max(1, Math.round(turns.mean * Math.exp(Math.sqrt(variance) * z - variance / 2)));
    });
    const requests = draws.reduce((sum, count) => sum + count, 0);
    const tokens = draws.reduce((sum, count) => sum + count * byHand(session, count, 0).mean, 0);
    const found = sessionMoments(session);
    expect(found.requestsPerSession / (requests / draws.length)).toBeCloseTo(1, 3);
    expect(found.input.mean / (tokens / requests)).toBeCloseTo(1, 3);
  });
});
