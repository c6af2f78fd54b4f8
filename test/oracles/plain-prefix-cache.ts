import type { RequestDraft } from '../../src/traffic/request-source.ts';
import { blocksFor, type PlainBlock, type PlainInstance, type PlainRequest, type PlainRun } from './plain-request.ts';

/** The name under which others may find block `j` of a request; undefined where nobody can. */
export function blockKey(draft: RequestDraft, j: number, blockTokens: number): string | undefined {
  const end = (j + 1) * blockTokens;
  if (draft.blockIds !== undefined && draft.blockIdTokens % blockTokens === 0) {
    const at = Math.floor((j * blockTokens) / draft.blockIdTokens);
    if (end > draft.input || at >= draft.blockIds.length) return undefined;
    return `id ${draft.blockIds[at]} ${j % (draft.blockIdTokens / blockTokens)}`;
  }
  if (draft.shared >= 0 && end <= draft.sharedTokens) return `shared ${draft.shared} ${j}`;
  if (draft.session < 0 || end > draft.sessionTokens) return undefined;
  return `session ${draft.session} ${j}`;
}

/** Distinct blocks that running requests hold. */
export function usedBlocks(instance: PlainInstance): number {
  return new Set(instance.running.flatMap((request) => request.held)).size;
}

export function freeBlocks(instance: PlainInstance): number {
  return instance.spec.kvBlocks - usedBlocks(instance);
}

/** Leading blocks of the known tokens that are kept; the last token is always computed. */
function keptPrefix(instance: PlainInstance, request: PlainRequest): PlainBlock[] {
  const { blockTokens } = instance.spec;
  const hits: PlainBlock[] = [];
  if (!instance.caching) return hits;
  const known = request.draft.input + request.emitted;
  for (let j = 0; j < Math.floor((known - 1) / blockTokens); j++) {
    const key = blockKey(request.draft, j, blockTokens);
    const block = key === undefined ? undefined : instance.kept.get(key);
    if (block === undefined) break;
    hits.push(block);
  }
  return hits;
}

/** Whether there is room for `reserved` blocks, of which those that others use already cost nothing. */
export function hasRoom(instance: PlainInstance, request: PlainRequest, reserved: number): boolean {
  const inUse = keptPrefix(instance, request).filter((block) => block.users > 0);
  return reserved - inUse.length <= freeBlocks(instance);
}

function pastOf(instance: PlainInstance, request: PlainRequest): number {
  if (!instance.caching) return request.draft.cached;
  return keptPrefix(instance, request).length * instance.spec.blockTokens;
}

/** Prompt tokens that a request would have to compute if it were admitted now. */
export function promptIfAdmitted(instance: PlainInstance, request: PlainRequest): number {
  return request.draft.input + request.emitted - pastOf(instance, request);
}

/** Used and kept blocks together never exceed the cache: the one unused for longest goes first. */
function evict(run: PlainRun, instance: PlainInstance): void {
  while (instance.evictable.length > freeBlocks(instance)) {
    const oldest = instance.evictable.shift();
    if (oldest?.key !== undefined) instance.kept.delete(oldest.key);
    run.seen.evictions += 1;
  }
}

function privateBlocks(count: number): PlainBlock[] {
  return Array.from({ length: count }, () => ({ key: undefined, users: 1 }));
}

/** A request starts to run with `reserved` blocks, and so much of its tokens is there already. */
export function admit(run: PlainRun, instance: PlainInstance, request: PlainRequest, reserved: number): void {
  const hits = keptPrefix(instance, request);
  request.past = pastOf(instance, request);
  for (const block of hits) block.users += 1;
  instance.evictable = instance.evictable.filter((block) => block.users === 0);
  request.held = [...hits, ...privateBlocks(reserved - hits.length)];
  request.known = request.draft.input + request.emitted;
  request.prefilled = 0;
  instance.running.push(request);
  run.totals.cachedTokens += request.past;
  if (hits.length > 0) run.seen.prefixHits += 1;
  evict(run, instance);
}

/** Gives a running request the blocks it lacks of `blocks`. */
export function grow(run: PlainRun, instance: PlainInstance, request: PlainRequest, blocks: number): void {
  request.held.push(...privateBlocks(Math.max(0, blocks - request.held.length)));
  evict(run, instance);
}

/** The full blocks among the first `tokens` become findable, unless they are already. */
export function register(instance: PlainInstance, request: PlainRequest, tokens: number): void {
  if (!instance.caching) return;
  const { blockTokens } = instance.spec;
  for (let j = 0; j < Math.floor(tokens / blockTokens); j++) {
    const block = request.held[j];
    const key = blockKey(request.draft, j, blockTokens);
    if (block === undefined || block.key !== undefined || key === undefined || instance.kept.has(key)) continue;
    block.key = key;
    instance.kept.set(key, block);
  }
}

/** A request stops running; the first `stored` of its tokens are worth keeping. */
export function release(run: PlainRun, instance: PlainInstance, request: PlainRequest, stored: number): void {
  register(instance, request, stored);
  instance.running = instance.running.filter((other) => other !== request);
  for (const block of request.held.toReversed()) {
    block.users -= 1;
    if (block.key !== undefined && block.users === 0) instance.evictable.push(block);
  }
  request.held = [];
  evict(run, instance);
}

/** Blocks by which a decoding request falls short of what it must hold in a pass that yields `tokens`. */
export function shortage(instance: PlainInstance, request: PlainRequest, tokens: number): number {
  const needed = blocksFor(instance.spec, request.draft.input + request.emitted - 1 + tokens);
  return Math.max(0, needed - request.held.length);
}
