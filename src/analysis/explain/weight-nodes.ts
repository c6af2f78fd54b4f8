import { hasStatedCount } from '../../model/parameters.ts';
import { bytesPerWeight } from '../../model/precision.ts';
import { formatShares, type WeightGroup, weightBytesPerGpu, weightGroups } from '../../model/weights.ts';
import type { WeightFormat } from '../../schema/model.ts';
import { bracketed, type Formula, formula, joined, type NumberSource } from './explanation.ts';
import { isOneGroup, layoutNodes } from './layout-nodes.ts';
import {
  activeNode,
  adapterCountNode,
  adapterNode,
  type BlockShare,
  blockNode,
  blocksOf,
  type NamedBlock,
  parametersOnGpu,
} from './parameter-nodes.ts';
import { settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';
import { layersNode, tensorParallelNode } from './shape-nodes.ts';

export const FORMATS: NumberSource = {
  basis: 'definition',
  ref: 'width of the format; OCP Microscaling Formats 1.0 and NVFP4 with their block scales',
};

function formatNode(e: Explaining, format: WeightFormat): string {
  const id = `bytes_per_weight_${format}`;
  return e.table.stated({ id, label: `a weight in ${format}`, unit: 'B', value: bytesPerWeight(format) }, FORMATS);
}

/** Share of the layers whose weights are in a format: a factor, or nothing where it is all of them. */
export function formatFactor(e: Explaining, formats: readonly WeightFormat[]): Formula {
  const { model, serving } = e.facts.plan;
  const all = formatShares(model, serving.weights);
  if (model.precision === undefined || all.every(({ format }) => formats.includes(format))) return formula``;
  const layers = model.precision.flatMap((part, i) => {
    if (!formats.includes(part.format)) return [];
    const quantity = { id: `weights_${i}_layers`, label: `layers stored in ${part.format}`, unit: '' };
    const source = settingSource(e.origins, e.facts.plan, ['serving', 'weights', i, 'layers']);
    return [e.table.stated({ ...quantity, value: part.layers }, source)];
  });
  return formula` * (${joined(layers, ' + ')}) / ${layersNode(e)}`;
}

type UseAndFormat = Pick<WeightGroup, 'use' | 'format'>;

/** What reads a block, and in which formats it is stored: the rule of `weightGroups`, which the tests hold it to. */
function groupsOfBlock(e: Explaining, block: NamedBlock): (UseAndFormat & { factor: Formula })[] {
  const { model, serving } = e.facts.plan;
  const isStated = hasStatedCount(model);
  const isKept = block.component === 'norms' ? !isStated : model.sixteen_bit.includes(block.component);
  const formats = [...new Set(formatShares(model, serving.weights).map(({ format }) => format))];
  const storedAs = (format: WeightFormat) => (isKept && bytesPerWeight(format) < 2 ? 'bf16' : format);
  const use = useOf(e, block, isStated);
  return [...new Set(formats.map(storedAs))].map((stored) => ({
    use,
    format: stored,
    factor: formatFactor(
      e,
      formats.filter((format) => storedAs(format) === stored),
    ),
  }));
}

function useOf(e: Explaining, block: NamedBlock, isStated: boolean): WeightGroup['use'] {
  if (block.component === 'experts') return 'routed';
  if (isStated) return 'every_token';
  if (block.component === 'head') return 'emitted';
  if (block.component === 'embedding') return e.facts.plan.model.tied_embeddings ? 'emitted' : 'look_up';
  return 'every_token';
}

/** Weights as a GPU holds them, with what makes them up. */
export interface ExplainedGroup extends WeightGroup {
  key: string;
  blocks: BlockShare[];
}

/** Groups of weights as a GPU holds them, with the blocks that make them. */
export function groupsOf(e: Explaining): ExplainedGroup[] {
  const { model, serving } = e.facts.plan;
  return weightGroups(model, serving.weights, serving).map((group) => ({
    ...group,
    key: `${group.use}_${group.format}`,
    blocks: blocksOf(e).flatMap((block) =>
      groupsOfBlock(e, block)
        .filter(({ use, format }) => use === group.use && format === group.format)
        .map(({ factor }) => ({ block, factor })),
    ),
  }));
}

const USES: Record<WeightGroup['use'], string> = {
  every_token: 'that every token meets',
  routed: 'of routed experts',
  emitted: 'of the head',
  look_up: 'of the embedding table',
  adapter: 'of adapters',
};

/** How a group of weights lies where stages and ranks share the model. */
const inFirstStage = (e: Explaining) => ({
  method:
    'of a GPU of the first stage: its layers; experts over all GPUs of the stage, all else over a tensor-parallel group',
  inputs: [...layoutNodes(e), modelBytesNode(e)],
});

/** Bytes of a group of weights on the fullest GPU. */
export function groupBytesNode(e: Explaining, group: ExplainedGroup): string {
  const quantity = { id: `weight_bytes_${group.key}`, label: `weights ${USES[group.use]}`, unit: 'B' };
  if (!isOneGroup(e)) return e.table.found({ ...quantity, value: group.bytesPerGpu }, () => inFirstStage(e));
  return e.table.computed({ ...quantity, value: group.bytesPerGpu }, () => {
    const parameters =
      group.use === 'adapter'
        ? formula`${adapterCountNode(e)} * ${adapterNode(e)} / ${tensorParallelNode(e)}`
        : bracketed(parametersOnGpu(e, group.blocks));
    return formula`${parameters} * ${formatNode(e, group.format)}`;
  });
}

/** FLOP that one token takes of a group of weights on one GPU: a multiplication and an addition a parameter. */
export function groupFlopNode(e: Explaining, group: ExplainedGroup): string {
  const quantity = { id: `flop_per_token_${group.key}`, label: `multiplying the weights ${USES[group.use]}` };
  const value = 2 * group.activePerTokenPerGpu;
  if (!isOneGroup(e)) return e.table.found({ ...quantity, unit: 'FLOP', value }, () => inFirstStage(e));
  const active = () =>
    group.use === 'adapter'
      ? formula`${adapterNode(e)} / ${tensorParallelNode(e)}`
      : formula`${activeNode(e, `active_parameters_${group.key}`, group.blocks, group.activePerTokenPerGpu)}`;
  return e.table.computed({ ...quantity, unit: 'FLOP', value }, () => formula`2 * ${active()}`);
}

export function weightBytesNode(e: Explaining): string {
  const quantity = { id: 'weight_bytes_per_gpu', label: 'weights on the fullest GPU', unit: 'B' };
  const value = e.facts.replica.weightBytesPerGpu;
  if (!isOneGroup(e)) {
    return e.table.found({ ...quantity, value }, () => ({
      method:
        'the largest of all stages: each its layers, the first the embedding, the last the head; experts over all GPUs of a stage',
      inputs: [...layoutNodes(e), modelBytesNode(e)],
    }));
  }
  return e.table.computed({ ...quantity, value }, () =>
    joined(
      groupsOf(e).map((group) => groupBytesNode(e, group)),
      ' + ',
    ),
  );
}

/** Weights of the whole model, every one once. */
export function modelBytesNode(e: Explaining): string {
  const { model, serving } = e.facts.plan;
  const value = weightBytesPerGpu(model, serving.weights, 1);
  const quantity = { id: 'weight_bytes', label: 'weights of the model', unit: 'B', value };
  return e.table.computed(quantity, () => {
    const stored = blocksOf(e).filter((block) => block.parameters > 0);
    const parts = stored.flatMap((block) =>
      groupsOfBlock(e, block).map(
        ({ format, factor }) => formula`${blockNode(e, block)}${factor} * ${formatNode(e, format)}`,
      ),
    );
    const adapters =
      model.adapters === undefined
        ? []
        : [formula`${adapterCountNode(e)} * ${adapterNode(e)} * ${formatNode(e, 'bf16')}`];
    return joined([...parts, ...adapters], ' + ');
  });
}
