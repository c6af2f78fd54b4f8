import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Tokens } from '../units/quantity.ts';
import type { Defaults } from './defaults.ts';
import type { LengthDistribution, RequestMix, SessionPlan, SharedPromptPlan } from './plan.ts';
import { type LengthReader, resolveLength, resolvePairs } from './resolve-lengths.ts';
import { resolveWait } from './resolve-wait.ts';
import { promptAtTurn, sessionMoments } from './session-moments.ts';

type Traffic = Scenario['traffic'];
type SessionField = NonNullable<Traffic['session']>;
type Lengths = Pick<RequestMix, 'input' | 'output' | 'pairs' | 'correlation'>;

/** What requests consist of, and what of it they have in common. */
export interface ResolvedMix {
  mix: RequestMix;
  session?: SessionPlan;
  sharedPrompt?: SharedPromptPlan;
}

/** Where lists come from, what the model takes, and where defaults and problems are noted. */
export interface MixContext extends LengthReader {
  maxContext: number | undefined;
  defaults: Defaults;
}

/** Prompts grow to what the model takes, less an answer, unless the scenario trims them earlier. */
function contextCap(given: number | undefined, output: Tokens, { maxContext, defaults }: MixContext): Tokens {
  if (given !== undefined) return given;
  if (maxContext === undefined) return Number.POSITIVE_INFINITY;
  const room = Math.max(1, Math.floor(maxContext - output));
  return defaults.use('traffic.session.context_cap', room, "the model's context less an answer", 'token');
}

function resolveSession(field: SessionField, output: Tokens, context: MixContext): SessionPlan {
  const { maxContext, problems } = context;
  const turns: LengthDistribution = typeof field.turns === 'number' ? { mean: field.turns, cv: 0 } : field.turns;
  const grown = { firstInput: field.first_input, addedPerTurn: field.added_per_turn };
  const refuse = (key: string, message: string) => problems.push({ path: ['traffic', 'session', key], message });
  const last = promptAtTurn({ ...grown, contextCap: field.context_cap ?? Number.POSITIVE_INFINITY }, turns.mean);
  if (field.context_cap !== undefined && field.context_cap < field.first_input) {
    refuse('context_cap', 'context_cap cannot lie below first_input');
  }
  if (maxContext !== undefined && last + output > maxContext) {
    const key = field.context_cap === undefined ? 'turns' : 'context_cap';
    const total = Math.round(last + output);
    refuse(key, `the last prompt and its answer make ${total} tokens, more than the model's context of ${maxContext}`);
  }
  return {
    turns,
    ...grown,
    contextCap: contextCap(field.context_cap, output, context),
    pause: resolveWait(field.pause, 'traffic.session.pause', context.defaults),
  };
}

/** @param shortest what the shared part must be shorter than */
function resolveSharedPrompt(
  { shared_prompt: field, session }: Traffic,
  shortest: Tokens,
  { defaults, problems }: MixContext,
): Pick<ResolvedMix, 'sharedPrompt'> {
  if (field === undefined) return {};
  if (field.tokens >= shortest) {
    const whole = session === undefined ? 'the mean prompt' : 'first_input';
    problems.push({
      path: ['traffic', 'shared_prompt', 'tokens'],
      message: `the shared part must be shorter than ${whole}, ${Math.round(shortest)} tokens`,
    });
  }
  const count = defaults.use('traffic.shared_prompt.prompts', field.prompts, 'all share the same');
  return { sharedPrompt: { tokens: field.tokens, count } };
}

/** Only where both lengths vary does it matter how they hang together. */
function correlationOf({ correlation }: Traffic, lengths: readonly LengthDistribution[], defaults: Defaults): number {
  if (correlation !== undefined || lengths.some((length) => length.cv === 0)) return correlation ?? 0;
  return defaults.use('traffic.correlation', 0, 'long prompts get no longer answers');
}

function contextProblem(mix: Lengths, maxContext: number | undefined, key: string): Problem[] {
  const total = mix.input.mean + mix.output.mean;
  if (maxContext === undefined || total <= maxContext) return [];
  const message = `input and output make ${Math.round(total)} tokens, more than the model's context of ${maxContext}`;
  return [{ path: ['traffic', key], message }];
}

function outputLength({ output_tokens: field = 0 }: Traffic, context: MixContext): LengthDistribution {
  return resolveLength(field, ['traffic', 'output_tokens'], 'output', context);
}

/** Both lengths, each by itself. */
function separateLengths(traffic: Traffic, context: MixContext): Lengths {
  const input = resolveLength(traffic.input_tokens ?? 0, ['traffic', 'input_tokens'], 'input', context);
  const output = outputLength(traffic, context);
  return { input, output, correlation: correlationOf(traffic, [input, output], context.defaults) };
}

/** Requests that have nothing to do with each other, but for a prompt they may share. */
function singleRequests(traffic: Traffic, context: MixContext): ResolvedMix {
  const { problems } = context;
  const before = problems.length;
  const lengths =
    traffic.lengths === undefined ? separateLengths(traffic, context) : resolvePairs(traffic.lengths, context);
  if (problems.length === before) {
    const key = traffic.lengths === undefined ? 'input_tokens' : 'lengths';
    problems.push(...contextProblem(lengths, context.maxContext, key));
  }
  return { mix: { ...lengths, cachedInput: 0 }, ...resolveSharedPrompt(traffic, lengths.input.mean, context) };
}

/** Requests of sessions: the mix has the moments of their prompts over all turns. */
function sessionRequests(traffic: Traffic, field: SessionField, context: MixContext): ResolvedMix {
  const output = outputLength(traffic, context);
  const session = resolveSession(field, output.mean, context);
  const shared = resolveSharedPrompt(traffic, field.first_input, context);
  const { input } = sessionMoments(session, shared.sharedPrompt?.tokens);
  return { mix: { input, output, cachedInput: 0 }, session, ...shared };
}

/** Share of prompts that requests have in common: what a prefix cache saves, an own one or an API's. */
export function commonShare({ mix, session, sharedPrompt }: ResolvedMix): number {
  if (session !== undefined) return sessionMoments(session, sharedPrompt?.tokens).repeatedShare;
  return sharedPrompt === undefined ? 0 : Math.min(1, sharedPrompt.tokens / mix.input.mean);
}

/** What the own fleet finds in its cache: as stated; else what requests have in common, where it keeps prefixes. */
function cachedInput({ traffic, serving }: Scenario, resolved: ResolvedMix, defaults: Defaults): number {
  if (traffic.cached_input !== undefined) return traffic.cached_input;
  if (!serving.prefix_cache) return defaults.use('traffic.cached_input', 0, 'no prefix cache hits given');
  return defaults.use('traffic.cached_input', commonShare(resolved), 'what prompts have in common, all of it kept');
}

/** What requests consist of. What is wrong is added to the context's problems; the result then stands for nothing. */
export function resolveMix(scenario: Scenario, context: MixContext): ResolvedMix {
  const { traffic } = scenario;
  const resolved =
    traffic.session === undefined
      ? singleRequests(traffic, context)
      : sessionRequests(traffic, traffic.session, context);
  const samples = context.defaults.use('traffic.samples', traffic.samples, 'one answer to a prompt');
  const cached = cachedInput(scenario, resolved, context.defaults);
  return { ...resolved, mix: { ...resolved.mix, cachedInput: cached, ...(samples === 1 ? {} : { samples }) } };
}
