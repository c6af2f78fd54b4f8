import { fitMemory } from '../../model/memory-fit.ts';
import { answeringInstances } from '../../serving/engine-spec.ts';
import { kvBytesNode, kvOnGpuNode, stateNode } from './cache-nodes.ts';
import { formula, type NumberSource } from './explanation.ts';
import { isOneGroup, layoutNodes } from './layout-nodes.ts';
import { engineSource, gpuSource, settingSource } from './provenance.ts';
import { contextNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { weightBytesNode } from './weight-nodes.ts';

function memorySetting(e: Explaining, key: 'fraction' | 'workspace' | 'usable', label: string): string {
  const { plan } = e.facts;
  const card = key === 'usable' ? usableSource(e) : engineSource(e.origins, `memory.${key}`);
  return e.table.stated(
    { id: `memory_${key}`, label, unit: key === 'fraction' ? 'share' : 'B', value: plan.serving.memory[key] },
    settingSource(e.origins, plan, ['serving', 'memory', key], card),
  );
}

function memorySettings(e: Explaining): string[] {
  return [
    memorySetting(e, 'fraction', "the engine's share of it"),
    memorySetting(e, 'usable', 'memory that programs can use'),
    memorySetting(e, 'workspace', 'activations, graphs, buffers'),
  ];
}

function usableSource(e: Explaining): NumberSource {
  const { plan } = e.facts;
  return gpuSource(e.origins, plan, plan.gpu.memory.usable === undefined ? 'memory.marketed' : 'memory.usable');
}

/** What the engine's rule leaves for the cache on one GPU. */
function kvRoomNode(e: Explaining): string {
  const { model, serving, engine } = e.facts.plan;
  const { means } = e.facts.replica;
  const fit = fitMemory(model, serving, engine.block_tokens, means.context, means.longest);
  const quantity = {
    id: 'kv_room_per_gpu',
    label: 'room for the cache on one GPU',
    unit: 'B',
    value: fit.kvRoomPerGpu,
  };
  return e.table.computed(quantity, () => {
    const usable = memorySetting(e, 'usable', 'memory that programs can use');
    const fraction = memorySetting(e, 'fraction', "the engine's share of it");
    const workspace = memorySetting(e, 'workspace', 'activations, graphs, buffers');
    const weights = weightBytesNode(e);
    return serving.memory.rule === 'of_card'
      ? formula`${fraction} * ${usable} - ${weights} - ${workspace}`
      : formula`${fraction} * (${usable} - ${weights} - ${workspace})`;
  });
}

/** Tokens of cache of a replica: of its one engine, or of all that decode. */
export function kvCapacityNode(e: Explaining): string {
  const { engine, kvCapacityTokens = 0 } = e.facts.replica;
  const decoding = answeringInstances(engine.scheduling);
  if (decoding === 1) return instanceCapacityNode(e, 'kv_capacity_tokens_per_replica');
  const quantity = { id: 'kv_capacity_tokens_per_replica', label: 'tokens of cache in a replica', unit: 'token' };
  return e.table.computed({ ...quantity, value: kvCapacityTokens * decoding }, () => {
    const instances = e.table.found(
      { id: 'decode_instances', label: 'instances that decode', unit: '', value: decoding },
      () => ({ method: 'as stated; where left open, in proportion to the work of prompts and answers', inputs: [] }),
    );
    return formula`${instanceCapacityNode(e, 'kv_capacity_tokens_per_instance')} * ${instances}`;
  });
}

function instanceCapacityNode(e: Explaining, id: string): string {
  const { plan, replica } = e.facts;
  const quantity = { id, label: 'tokens of cache in an instance of the engine', unit: 'token' };
  if (!isOneGroup(e)) {
    return e.table.found({ ...quantity, value: replica.kvCapacityTokens ?? 0 }, () => ({
      method: 'what fits in the stage with least room for its layers, in whole blocks, over all ranks',
      inputs: [...layoutNodes(e), weightBytesNode(e), kvBytesNode(e), ...memorySettings(e)],
    }));
  }
  return e.table.computed({ ...quantity, value: replica.kvCapacityTokens ?? 0 }, () => {
    const block = e.table.stated(
      { id: 'block_tokens', label: 'tokens of a block', unit: 'token', value: plan.engine.block_tokens },
      engineSource(e.origins, 'block_tokens'),
    );
    const tokens = formula`${kvRoomNode(e)} / ${kvOnGpuNode(e)}`;
    const state = stateNode(e);
    if (state === undefined) return formula`floor(${tokens} / ${block}) * ${block}`;
    const left = formula`(1 - ${state} / (${state} + ${kvOnGpuNode(e)} * ${contextNode(e)}))`;
    return formula`floor(${tokens} * ${left} / ${block}) * ${block}`;
  });
}
