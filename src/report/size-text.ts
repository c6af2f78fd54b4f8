import type { Binding } from '../analysis/size-binding.ts';
import type { Candidate } from '../analysis/size-candidates.ts';
import type { Alternative, SizeAnswer } from '../analysis/size-search.ts';
import type { Setting } from '../result/sweep-point.ts';
import { layoutName } from '../scenario/replica-gpus.ts';
import { formatSeconds, significant } from '../units/format.ts';
import type { Surface } from './surface.ts';
import { markdownTable, type Table, textTable } from './table.ts';

const BOUND_BY: Record<Binding, string> = {
  memory: 'memory',
  ttft: 'TTFT',
  tpot: 'TPOT',
  throughput: 'throughput',
  link: 'link between GPUs',
  availability: 'availability',
  whole_units: 'whole instances',
  one_replica: 'one replica',
};

/** What a fleet is called in a table and in a sentence. */
export function fleetName({ gpuName, layout, weights }: Candidate): string {
  return `${gpuName}, ${layoutName(layout)}, ${weights} weights`;
}

function supplyName({ candidate, result }: Alternative): string {
  const { kind, from } = candidate.supply;
  if (from !== undefined) return kind === 'own' ? `own ${from}` : from;
  const line = result.ledger.find(({ group }) => group === 'capacity');
  return kind === 'own'
    ? 'own, as stated'
    : `as stated${line?.id.startsWith('rent') ? `, ${significant(line.rate)} USD/h` : ''}`;
}

const amount = (value: number | undefined, format: (value: number) => string) =>
  value === undefined ? '–' : format(value);

/** What tells the rows of the table apart. */
function fleetKey({ gpuName, layout, weights }: Candidate): string {
  return `${gpuName}, ${layoutName(layout)}, ${weights}`;
}

function sizeTable(alternatives: readonly Alternative[]): Table {
  const left = (label: string) => ({ label, align: 'left' as const });
  const right = (label: string) => ({ label, align: 'right' as const });
  return {
    columns: [
      left('GPUs, layout, weights'),
      right('USD/month'),
      right('USD/Mtok'),
      right('±'),
      right('batch'),
      right('replicas'),
      right('TTFT p95'),
      right('TPOT p95'),
      left('bound by'),
      left('from'),
    ],
    rows: alternatives.map((one) => {
      const { metrics, subject, price_error: error } = one.result;
      return [
        `${amount(metrics.gpus, significant)} x ${fleetKey(one.candidate)}`,
        amount(metrics.cost_usd_per_month, (usd) => Math.round(usd).toLocaleString('en-US')),
        amount(metrics.usd_per_mtok_total, significant),
        `${Math.round(error * 100)} %`,
        subject.max_batch.toLocaleString('en-US'),
        amount(metrics.replicas, significant),
        amount(metrics.ttft_p95_s, formatSeconds),
        amount(metrics.tpot_p95_s, formatSeconds),
        BOUND_BY[one.binding],
        supplyName(one),
      ];
    }),
  };
}

/** A word as a POSIX shell reads it back. */
function quoted(word: string): string {
  return /^[\w./=:,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${valueText(inner)}`);
  return `{${entries.join(', ')}}`;
}

/** A setting as `--set` reads it. */
export function settingText({ path, value }: Setting): string {
  return `${path}=${valueText(value)}`;
}

/** The scenario as it was asked about: its file, and what the command line changed of it. */
export interface Asked {
  file: string;
  name: string;
  with: readonly string[];
  set: readonly string[];
  seed: number | undefined;
}

/** The command that runs the scenario as this fleet; what was changed already stays changed. */
export function runCommand(asked: Asked, settings: readonly Setting[]): string {
  const words = [
    'rackrate',
    'run',
    asked.file,
    ...asked.with.flatMap((name) => ['--with', name]),
    ...asked.set.flatMap((text) => ['--set', text]),
    ...settings.flatMap((setting) => ['--set', settingText(setting)]),
    ...(asked.seed === undefined ? [] : ['--seed', String(asked.seed)]),
  ];
  return words.map(quoted).join(' ');
}

function verdict(best: Alternative, asked: Asked): string {
  const { metrics } = best.result;
  const price = amount(metrics.usd_per_mtok_total, significant);
  const fleet = `${amount(metrics.gpus, significant)} x ${fleetName(best.candidate)}, batch ${best.result.subject.max_batch}`;
  const bound = best.binding === 'one_replica' ? 'one replica is enough' : `bound by ${BOUND_BY[best.binding]}`;
  return `Cheapest: ${fleet}: ${price} USD/Mtok, ${bound}; run: ${runCommand(asked, best.settings)}`;
}

function looked({ screened, simulated }: SizeAnswer): string {
  const counts = `${screened.toLocaleString('en-US')} replicas looked at in closed form, ${simulated} simulated`;
  return `${counts}; USD/month is loaded, month 1. The ± is the expected error of a price: fleets closer than that are level.`;
}

/** The ranking on screen; its last line is the answer. */
export function sizeText(answer: SizeAnswer, asked: Asked, surface: Surface): string {
  const [best] = answer.alternatives as [Alternative, ...Alternative[]];
  return [
    surface.ink('bold', asked.name),
    '',
    ...textTable(sizeTable(answer.alternatives), '  ', surface),
    '',
    looked(answer),
    surface.ink('bold', verdict(best, asked)),
  ].join('\n');
}

/** The same for a document, with the command of every fleet. */
export function sizeMarkdown(answer: SizeAnswer, asked: Asked): string {
  const [best] = answer.alternatives as [Alternative, ...Alternative[]];
  const commands = answer.alternatives.map(({ settings }) => runCommand(asked, settings));
  return [
    `# ${asked.name}`,
    '',
    `**${verdict(best, asked)}**`,
    '',
    ...markdownTable(sizeTable(answer.alternatives)),
    '',
    looked(answer),
    '',
    ...['```sh', ...commands, '```'],
  ].join('\n');
}
