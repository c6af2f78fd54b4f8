import { EventQueue } from '../math/event-queue.ts';
import { randomStream } from '../math/rng.ts';
import type { SessionPlan, TrafficPlan } from '../scenario/plan.ts';
import { promptAtTurn } from '../scenario/session-moments.ts';
import type { Seconds, Tokens } from '../units/quantity.ts';
import { type ArrivalClock, waitTimes } from './arrivals.ts';
import { drawStream, lengthDraw, lengthFinisher, wholeTokens } from './draw-lengths.ts';
import type { RequestTraffic } from './draw-requests.ts';
import { type OpenOptions, openArrivals } from './open-source.ts';
import { drawLabels } from './request-labels.ts';
import type { RequestDraft, RequestSource } from './request-source.ts';

/** What conversations are drawn from. Of the mix, prompts come from the session instead. */
export type SessionTraffic = RequestTraffic & Pick<TrafficPlan, 'arrivals'> & { session: SessionPlan };

/**
 * Conversations that start at random; in each the next request comes a pause after the answer to the one before, with
 * what was said since added to its prompt. One that was refused goes on like one that was answered.
 *
 * A prompt that had to be trimmed lost its beginning, so nothing of it but the shared prompt matches what the engine has
 * kept: it goes under a new name, and so does each after it. It errs low where a client trims in large steps, less often.
 *
 * An answer longer than what a turn adds cannot all be sent back (thoughts are left out, or it is shortened from the
 * front): nothing of it is met again, only its prompt. It errs low where a client cuts such an answer at its end.
 *
 * Turns, shared prompt and priority are drawn once for each conversation, in order of their starts. `limit` counts
 * requests; `until` ends the starting of conversations, not those under way.
 */
export function sessionSource(
  traffic: SessionTraffic,
  sessionsPerSecond: number,
  seed: number,
  options: OpenOptions = {},
): RequestSource {
  return new SessionSource(traffic, sessionsPerSecond, seed, options);
}

class SessionSource implements RequestSource {
  nextArrival: Seconds = Number.POSITIVE_INFINITY;
  private readonly plan: SessionPlan;
  private readonly starts: ArrivalClock;
  private readonly until: Seconds;
  private readonly drawTurns: () => number;
  private readonly drawOutput: () => Tokens;
  private readonly pause: () => Seconds;
  private readonly labels: ReturnType<typeof drawLabels>;
  private readonly finish: ReturnType<typeof lengthFinisher>;
  private readonly sharedTokens: Tokens;
  private left: number;
  private names = 0;

  /** Conversations under way, by the row that is their tag; the rows of those that ended are used again. */
  private readonly turn: number[] = [];
  private readonly turns: number[] = [];
  private readonly name: number[] = [];
  private readonly shared: number[] = [];
  private readonly priority: (0 | 1)[] = [];
  private readonly freeRows: number[] = [];
  private readonly continuing = new EventQueue();

  constructor(traffic: SessionTraffic, sessionsPerSecond: number, seed: number, options: OpenOptions) {
    const turns = lengthDraw(traffic.session.turns);
    const turnCounts = randomStream(seed, 'turns');
    const output = lengthDraw(traffic.mix.output);
    const outputs = drawStream(seed, 'output lengths', options);
    this.plan = traffic.session;
    this.starts = openArrivals(traffic.arrivals, sessionsPerSecond, seed, options);
    this.until = options.until ?? Number.POSITIVE_INFINITY;
    this.drawTurns = () => turns.at(turnCounts());
    this.drawOutput = () => output.at(outputs());
    this.pause = waitTimes(traffic.session.pause, randomStream(seed, 'pauses'));
    this.labels = drawLabels(traffic, seed);
    this.finish = lengthFinisher(options, traffic.mix.cachedInput);
    this.sharedTokens = traffic.sharedPrompt?.tokens ?? 0;
    this.left = options.limit ?? Number.POSITIVE_INFINITY;
    this.lookAhead();
  }

  take(draft: RequestDraft): void {
    draft.arrival = this.nextArrival;
    const row = this.continuing.nextTime() <= this.nextStart() ? this.continuing.pop() : this.start();
    this.write(draft, row);
    this.left -= 1;
    this.lookAhead();
  }

  ended(row: number, time: Seconds): void {
    if ((this.turn[row] as number) < (this.turns[row] as number)) this.continuing.push(time + this.pause(), row);
    else this.freeRows.push(row);
    this.lookAhead();
  }

  private nextStart(): Seconds {
    return this.starts.next < this.until ? this.starts.next : Number.POSITIVE_INFINITY;
  }

  private lookAhead(): void {
    const next = Math.min(this.continuing.nextTime(), this.nextStart());
    this.nextArrival = this.left > 0 ? next : Number.POSITIVE_INFINITY;
  }

  private start(): number {
    const row = this.freeRows.pop() ?? this.turn.length;
    this.turn[row] = 0;
    this.turns[row] = this.drawTurns();
    this.name[row] = this.names++;
    this.shared[row] = this.labels.shared();
    this.priority[row] = this.labels.priority();
    this.starts.advance();
    return row;
  }

  private write(draft: RequestDraft, row: number): void {
    const turn = (this.turn[row] as number) + 1;
    this.turn[row] = turn;
    this.finish(draft, wholeTokens(promptAtTurn(this.plan, turn)), this.drawOutput());
    const { firstInput, addedPerTurn } = this.plan;
    const isTrimmed = wholeTokens(firstInput + addedPerTurn * (turn - 1)) > draft.input;
    if (isTrimmed && turn > 1) this.name[row] = this.names++;
    draft.priority = this.priority[row] as 0 | 1;
    draft.tag = row;
    draft.shared = this.shared[row] as number;
    draft.sharedTokens = Math.min(this.sharedTokens, draft.input);
    draft.session = this.name[row] as number;
    const next = wholeTokens(promptAtTurn(this.plan, turn + 1));
    draft.sessionTokens = draft.input + draft.output <= next ? Number.POSITIVE_INFINITY : draft.input;
    draft.blockIds = undefined;
    draft.blockIdTokens = 0;
  }
}
