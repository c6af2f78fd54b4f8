import type { Explanation, StepShares } from '../analysis/explain/explain.ts';
import { childrenOf, type ExplainNode, FUNCTIONS, type NumberSource } from '../analysis/explain/explanation.ts';
import { formatSeconds, formatShare, PREFIXES, significant } from '../units/format.ts';
import type { Surface } from './surface.ts';
import { markdownTable, type Table, textTable } from './table.ts';

/** Digits that a number is shown with: enough that what is printed multiplies out to a hundredth of a per cent. */
const DIGITS = 6;
const MOST_DIGITS = 12;
const WIDTH = 120;
const WIDEST_NAME = 64;
const VALUE_WIDTH = 14;

const PREFIXED = ['B', 'B/s', 'FLOP', 'FLOP/s', 's'];
const SMALL_PREFIXES: typeof PREFIXES = [
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'µ'],
  [1e-9, 'n'],
  [1e-12, 'p'],
];

/** Close to one, as many digits more as it takes to tell what is missing to it. */
function digitsOf(value: number): number {
  const missing = Math.abs(1 - Math.abs(value));
  return missing > 0 && missing < 0.1 ? Math.min(MOST_DIGITS, DIGITS - Math.floor(Math.log10(missing))) : DIGITS;
}

/** A number and its unit as printed. Machine units take a prefix, seconds a small one; money and counts do not. */
export function shownQuantity({ value, unit }: Pick<ExplainNode, 'value' | 'unit'>): { value: string; unit: string } {
  if (!PREFIXED.includes(unit) || value === 0) return { value: significant(value, digitsOf(value)), unit };
  const usable = unit === 's' ? SMALL_PREFIXES : PREFIXES;
  const size = Math.abs(value);
  const [factor, prefix] = usable.find(([candidate]) => size >= candidate) ?? (usable.at(-1) as [number, string]);
  return { value: significant(value / factor, DIGITS), unit: `${prefix}${unit}` };
}

/** A formula as people write it. */
export function shownFormula(text: string): string {
  return text
    .replaceAll(' * ', ' × ')
    .replaceAll(' / ', ' ÷ ')
    .replaceAll(/([ (])-( ?)/g, '$1−$2');
}

/** Sources by number, in the order they are met; a line of the scenario is its own reference. */
class Footnotes {
  readonly notes: string[] = [];

  mark(source: NumberSource): string {
    if (source.basis === 'scenario') return `(${source.ref})`;
    const { basis, ref, url, as_of } = source;
    const when = as_of === undefined ? '' : `, ${as_of}`;
    const text = `${basis}${when}: ${ref}${url === undefined ? '' : `, ${url}`}`;
    const known = this.notes.indexOf(text);
    return `[${known >= 0 ? known + 1 : this.notes.push(text)}]`;
  }

  lines(): string[] {
    return this.notes.map((note, i) => `  [${i + 1}] ${note}`);
  }
}

/** A text broken between words, every line behind `indent`. */
function wrapped(text: string, indent: string, mark: string): string[] {
  const lines: string[] = [];
  let line = `${indent}${mark}`;
  for (const word of text.split(' ')) {
    if (line.trim() !== mark && [...line].length + 1 + [...word].length > WIDTH) {
      lines.push(line);
      line = `${indent}${' '.repeat(mark.length)}`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** What a number is made of, as one phrase. */
function made(node: ExplainNode): { mark: string; text: string } | undefined {
  if (node.formula !== undefined) {
    const note = node.note === undefined ? '' : ` (${node.note})`;
    return { mark: '=', text: `${shownFormula(node.formula)}${note}` };
  }
  return node.method === undefined ? undefined : { mark: '~', text: node.method };
}

/** One number of the tree and where it stands there. */
interface Branch {
  name: string;
  indent: string;
  node: ExplainNode;
  /** Whether all that it is made of is listed, so that it may be shown: not so at the depth that was asked for. */
  isOpen: boolean;
}

/** The tree from the metric down; a number that several formulas need stands below the first. */
function branchesOf(explanation: Explanation): Branch[] {
  const known = new Map(explanation.nodes.map((node) => [node.id, node]));
  const placed = new Set<string>();
  const branches: Branch[] = [];
  const visit = (id: string, level: number, isCheck: boolean): void => {
    const node = known.get(id);
    if (node === undefined || placed.has(id)) return;
    placed.add(id);
    const indent = '  '.repeat(level + 1);
    const isOpen = node.inputs.every((input) => known.has(input));
    branches.push({ name: `${indent}${isCheck ? '≈ ' : ''}${id}`, indent, node, isOpen });
    if (!isOpen) return;
    for (const child of childrenOf(node)) visit(child, level + 1, child === node.check);
  };
  visit(explanation.metric, 0, false);
  return branches;
}

function treeLines(explanation: Explanation, notes: Footnotes): string[] {
  const branches = branchesOf(explanation);
  const width = Math.min(WIDEST_NAME, Math.max(0, ...branches.map(({ name }) => name.length)));
  return branches.flatMap(({ name, indent, node, isOpen }) => {
    const { value, unit } = shownQuantity(node);
    const source = node.source === undefined ? '' : ` ${notes.mark(node.source)}`;
    const line = `${name.padEnd(width)} ${value.padStart(VALUE_WIDTH)} ${unit.padEnd(9)} ${node.label}${source}`;
    const parts = isOpen ? made(node) : undefined;
    return [line.trimEnd(), ...(parts === undefined ? [] : wrapped(parts.text, `${indent}    `, parts.mark))];
  });
}

const BINDING: readonly [key: keyof StepShares['shares'], label: string][] = [
  ['compute', 'compute'],
  ['weights', 'reading weights'],
  ['kv', 'KV cache'],
  ['all_reduce', 'all-reduce'],
  ['fixed', 'fixed'],
];

function stepTable(steps: readonly StepShares[]): Table {
  const right = (label: string) => ({ label, align: 'right' as const });
  return {
    columns: [
      { label: "Where a step's time goes", align: 'left' },
      right('sequences'),
      right('prompt'),
      right('time'),
      ...BINDING.map(([, label]) => right(label)),
      { label: 'binds', align: 'left' },
    ],
    rows: steps.map((step) => [
      step.when,
      significant(step.sequences),
      significant(step.prompt_tokens),
      formatSeconds(step.seconds),
      ...BINDING.map(([key]) => formatShare(step.shares[key])),
      BINDING.find(([key]) => key === step.binds)?.[1] ?? step.binds,
    ]),
  };
}

/** The functions that the formulas call, beyond arithmetic and what everybody knows. */
function functionLines(nodes: readonly ExplainNode[]): string[] {
  const names = Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[];
  const called = names.filter((name) => nodes.some((node) => node.formula?.includes(`${name}(`)));
  return called.flatMap((name) => wrapped(FUNCTIONS[name], ' ', ''));
}

function answer({ metric, unit, value, nodes, definition }: Explanation): string {
  if (value === undefined) return `${metric} is not known here: ${definition}`;
  const shown = shownQuantity({ value, unit });
  const label = nodes[0]?.label ?? metric;
  return `${metric} = ${[shown.value, shown.unit].filter((part) => part !== '').join(' ')}: ${label}`;
}

const LEGEND =
  '= computed, ~ simulated or searched, ≈ the same in closed form to compare; each number stands where it is first needed';

/** A tree of numbers on a terminal: every formula below its value, sources as footnotes. The last line is the answer. */
export function explainText(explanation: Explanation, surface: Surface): string {
  const bold = (text: string) => surface.ink('bold', text);
  const { name, metric, definition, nodes } = explanation;
  const notes = new Footnotes();
  const tree = treeLines(explanation, notes);
  const functions = functionLines(nodes);
  const lines = [
    `${bold(name)} · ${metric}`,
    definition,
    '',
    ...(tree.length === 0 ? [] : [...tree, '', `  ${LEGEND}`, ...functions, '']),
    ...textTable(stepTable(explanation.steps), '  ', surface),
    '',
    ...(notes.notes.length === 0 ? [] : [bold('  Sources'), ...notes.lines(), '']),
    bold(answer(explanation)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same as Markdown: one row a number. */
export function explainMarkdown(explanation: Explanation): string {
  const { name, metric, definition, nodes } = explanation;
  const notes = new Footnotes();
  const columns = ['number', 'value', 'unit', 'what', 'from'].map((label) => ({
    label,
    align: label === 'value' ? ('right' as const) : ('left' as const),
  }));
  const rows = nodes.map((node) => {
    const { value, unit } = shownQuantity(node);
    const parts = made(node);
    const from =
      node.source === undefined ? `${parts?.mark ?? ''} ${parts?.text ?? ''}`.trim() : notes.mark(node.source);
    return [`\`${node.id}\``, value, unit, node.label, from];
  });
  const lines = [
    `# ${name}: \`${metric}\``,
    '',
    `${definition}.`,
    '',
    `**${answer(explanation)}**`,
    '',
    ...(rows.length === 0 ? [] : [...markdownTable({ columns, rows }), '', `${LEGEND}.`, '']),
    ...functionLines(nodes).map((line) => `- ${line.trim()}`),
    '',
    ...markdownTable(stepTable(explanation.steps)),
    '',
    ...notes.notes.map((note, i) => `${i + 1}. ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}
