import { allReduceWays } from '../../perf/collectives.ts';
import { formatSeconds } from '../../units/format.ts';
import { type Formula, formula } from './explanation.ts';
import { fitted, launchScale } from './fitted-nodes.ts';
import { generationFactor } from './hardware-nodes.ts';
import { pairsNode } from './layer-nodes.ts';
import { gpuSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';
import { hiddenNode, tensorParallelNode } from './shape-nodes.ts';

/** The ways in the order of `allReduceWays`. */
const WAYS = ['two_steps', 'one_shot', 'in_switch'] as const;
type Way = (typeof WAYS)[number];
const NAMES: Record<Way, string> = { two_steps: 'in two steps', one_shot: 'in one shot', in_switch: 'in the switch' };

/**
 * All-reduces of an iteration, two a layer, by the way that is fastest for so many tokens. The others are named beside
 * it with their times. Undefined where there are none to wait for.
 *
 * @param tokensNode what `tokens` is explained by
 */
export function allReduceNode(
  e: Explaining,
  name: string,
  tokens: number,
  tokensNode: () => string,
): string | undefined {
  const { calls, ways } = e.facts.replica.step.allReduce;
  if (ways.length === 0) return undefined;
  const times = ways.map(({ latency, perToken }) => latency + perToken * tokens);
  const fastest = times.indexOf(Math.min(...times));
  const way = WAYS[fastest] as Way;
  const others = times.flatMap((time, i) =>
    i === fastest ? [] : [`${NAMES[WAYS[i] as Way]} ${formatSeconds(calls * time)}`],
  );
  const quantity = {
    id: `${name}_all_reduce`,
    label: `exchange between GPUs, ${NAMES[way]}`,
    unit: 's',
    value: calls * (times[fastest] as number),
    ...(others.length === 0 ? {} : { note: `slower: ${others.join(', ')}` }),
  };
  return e.table.computed(
    quantity,
    () =>
      formula`${callsNode(e, calls)} * (${latencyNode(e, fastest)} + ${perTokenNode(e, fastest)} * ${tokensNode()})`,
  );
}

const callsNode = (e: Explaining, value: number) =>
  e.table.computed(
    { id: 'all_reduce_calls', label: 'all-reduces of an iteration', unit: '', value },
    () => formula`2 * ${pairsNode(e)}`,
  );

function latencyNode(e: Explaining, index: number): string {
  const way = WAYS[index] as Way;
  const value = e.facts.replica.step.allReduce.ways[index]?.latency ?? 0;
  const label = `latency of an all-reduce ${NAMES[way]}`;
  return e.table.computed({ id: `all_reduce_latency_${way}`, label, unit: 's', value }, () => {
    const { all_reduce: fit } = e.facts.plan.calibration;
    const scale = formula`${launchScale(e)}${generationFactor(e, 'fixed')}`;
    if (way === 'in_switch') {
      const call = fitted(
        e,
        'all_reduce.in_switch_latency',
        'of a call that the switch sums',
        fit.in_switch_latency,
        's',
      );
      return formula`${scale} * ${call}`;
    }
    const atTwo = fitted(e, 'all_reduce.latency', 'of an all-reduce of two GPUs', fit.latency, 's');
    const growth =
      way === 'one_shot'
        ? fitted(e, 'all_reduce.one_shot_growth', 'more each time the group doubles, in one shot', fit.one_shot_growth)
        : fitted(e, 'all_reduce.growth', 'more each time the group doubles', fit.growth);
    return formula`${scale} * ${atTwo} * (1 + ${growth} * log2(${tensorParallelNode(e)} / 2))`;
  });
}

function perTokenNode(e: Explaining, index: number): string {
  const value = e.facts.replica.step.allReduce.ways[index]?.perToken ?? 0;
  const way = WAYS[index] as Way;
  const label = `an all-reduce ${NAMES[way]}, for each token`;
  return e.table.computed(
    { id: `all_reduce_per_token_${way}`, label, unit: 's', value },
    () => formula`2 * ${hiddenNode(e)} * ${perByteNode(e, index)}`,
  );
}

/** What a GPU sends, for each byte of the message. */
function sent(group: string, way: Way): Formula {
  switch (way) {
    case 'two_steps':
      return formula`2 * (${group} - 1) / ${group}`;
    case 'one_shot':
      return formula`(${group} - 1)`;
    case 'in_switch':
      return formula`(1 + 1 / ${group})`;
  }
}

function perByteNode(e: Explaining, index: number): string {
  const { gpu, calibration, serving } = e.facts.plan;
  const way = WAYS[index] as Way;
  const value = allReduceWays(gpu, calibration, serving.tensorParallel)[index]?.perByte ?? 0;
  const label = `an all-reduce ${NAMES[way]}, for each byte`;
  return e.table.computed({ id: `all_reduce_per_byte_${way}`, label, unit: 's', value }, () => {
    const share = calibration.all_reduce.link_efficiency;
    const reached = fitted(e, 'all_reduce.link_efficiency', 'share of the link reached', share, 'share');
    return formula`${sent(tensorParallelNode(e), way)} / (${linkFormula(e)} * ${reached})`;
  });
}

/** The link one way; of a mesh, the part of it that joins the group. */
function linkFormula(e: Explaining): Formula {
  const { plan } = e.facts;
  const link = e.table.stated(
    { id: 'gpu_link_bandwidth', label: 'link, one way', unit: 'B/s', value: plan.gpu.link?.bandwidth ?? 0 },
    gpuSource(e.origins, plan, 'link.bandwidth'),
  );
  if (plan.gpu.link?.topology !== 'mesh') return formula`${link}`;
  const joined = e.table.stated(
    { id: 'gpu_link_gpus', label: 'GPUs of the mesh', unit: 'GPU', value: plan.gpu.link.gpus },
    gpuSource(e.origins, plan, 'link.gpus'),
  );
  return formula`${link} * (${tensorParallelNode(e)} - 1) / (${joined} - 1)`;
}
