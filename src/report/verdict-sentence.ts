import type { VolumeInterval } from '../analysis/breakeven.ts';
import { comparableHorizons } from '../analysis/verdict.ts';
import type { Result } from '../result/record.ts';
import { formatShare, formatTokens, formatUsdPerMtok, significant } from '../units/format.ts';

export function horizonName(months: number): string {
  if (months % 12 !== 0) return months === 1 ? '1 month' : `${months} months`;
  return months === 12 ? '1 year' : `${months / 12} years`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** The month in which own cash has caught up, and whether it falls behind again, as where an API grows cheaper. */
export function paidBackPhrase(month: number, toEnd: boolean | null): string {
  return toEnd === false ? `month ${month}, not to the end` : `month ${month}`;
}

/** Volumes at which self-hosting is cheaper; gaps where one more replica must first be filled are said, not listed. */
export function volumeRange(intervals: readonly VolumeInterval[]): string {
  const [first] = intervals;
  const last = intervals.at(-1);
  if (first === undefined || last === undefined) return 'at no volume';
  const to = last[1];
  const gaps = intervals.length > 1 ? ', with gaps' : '';
  const range = to === null ? `above ${formatTokens(first[0])}` : `${formatTokens(first[0])} to ${formatTokens(to)}`;
  return `${range}${gaps}`;
}

/** The same with its unit, for a sentence. */
export function volumePhrase(intervals: readonly VolumeInterval[]): string {
  const range = volumeRange(intervals);
  if (intervals.length === 0) return range;
  const [bounds, gaps = ''] = range.split(', ');
  const between = bounds?.startsWith('above') ? bounds : `from ${bounds}`;
  return `${between} tokens/month${gaps === '' ? '' : `, ${gaps}`}`;
}

/** Tokens of month 1, input and output. */
export function offeredTokens(result: Result): number {
  return (result.metrics.input_tokens_per_month ?? 0) + (result.metrics.output_tokens_per_month ?? 0);
}

/** The load, and where it lies if that is in a gap between volumes that are won: one more replica is not yet full there. */
function loadPhrase(result: Result): string {
  const load = offeredTokens(result);
  const intervals = result.verdict.volumes;
  const before = intervals.findLast(([, to]) => to !== null && to < load);
  const after = intervals.find(([from]) => from > load);
  const inside = intervals.some(([from, to]) => from <= load && (to === null || load <= to));
  const gap =
    inside || before === undefined || after === undefined
      ? ''
      : `, in a gap from ${formatTokens(before[1] as number)} to ${formatTokens(after[0])}`;
  return `this load: ${formatTokens(load)}${gap}`;
}

/** Whether the model's own error could turn the verdict of month 1. */
function insideError(result: Result, apiUsd: number): boolean {
  const own = result.metrics.cost_usd_per_month ?? 0;
  return apiUsd > 0 && own > 0 && Math.abs(own / apiUsd - 1) < result.price_error;
}

/** The last line of a run: wins, loses or depends; where, from when, and what would turn it. */
export function verdictSentence(result: Result): string {
  const { verdict } = result;
  const comparison = result.comparisons.find((entry) => entry.name === verdict.against);
  if (comparison === undefined) {
    const price = result.metrics.usd_per_mtok_total;
    return price === undefined
      ? 'No verdict: nothing is served, and the scenario compares with no API.'
      : `No verdict: self-hosting costs ${formatUsdPerMtok(price)} USD per million tokens; add "compare" to hold it against an API.`;
  }
  const horizons = comparableHorizons(comparison);
  const winners = (who: string) =>
    list(horizons.filter((entry) => entry.winner === who).map((entry) => horizonName(entry.months)));
  const name = `${comparison.name}${comparison.same_model ? '' : ' (another model, different quality)'}`;
  const volumes = volumePhrase(verdict.volumes);
  const dropped = comparison.horizons.filter((entry) => !horizons.includes(entry));
  const unserved =
    dropped.length === 0
      ? ''
      : ` Not compared over ${list(dropped.map((entry) => horizonName(entry.months)))}, where the fleet does not serve all of the load.`;
  const isClose = insideError(result, comparison.usd_per_month);
  const doubt = `${unserved}${isClose ? ` The gap is inside the ± ${Math.round(result.price_error * 100)} % error.` : ''}`;
  const month =
    verdict.month === null
      ? 'never paid back'
      : `paid back in ${paidBackPhrase(verdict.month, verdict.paid_back_to_end)}`;
  const flip = verdict.flip_rent_usd_per_gpu_h;
  const allIn = result.subject.capacity === 'own' ? ', nodes, space and power together' : '';
  switch (verdict.outcome) {
    case 'wins':
      return `Self-host wins against ${name} over ${winners('self')}: cheaper ${volumes} (${loadPhrase(result)}), ${month}.${doubt}`;
    case 'loses': {
      const turn =
        flip === null
          ? 'even free GPUs would not change it'
          : `over ${horizonName(horizons.at(-1)?.months ?? 0)} it would win below ${significant(flip)} USD per GPU-hour${allIn}`;
      const where =
        verdict.volumes.length === 0 ? 'at every volume' : `cheaper only ${volumes} (${loadPhrase(result)})`;
      return `Self-host loses to ${name} over ${winners('api')}, ${where}, ${month}; ${turn}.${doubt}`;
    }
    case 'depends': {
      const tie = winners('tie');
      const parts = [
        `wins over ${winners('self') || 'no horizon'}`,
        `loses over ${winners('api') || 'none'}`,
        ...(tie === '' ? [] : [`ties over ${tie}`]),
      ];
      return `Self-host depends on the horizon against ${name}: ${parts.join(', ')}; cheaper ${volumes} (${loadPhrase(result)}), ${month}.${doubt}`;
    }
    case 'unserved': {
      const served = 1 - (comparison.horizons[0]?.unserved_share ?? 0);
      return `No verdict: this fleet serves only ${formatShare(served)} of the load, the API all of it; against ${name} self-host is cheaper ${volumes}.`;
    }
    case 'no_comparison':
      return `No verdict: ${verdict.reason}.`;
  }
}
