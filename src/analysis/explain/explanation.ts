/** Where a number comes from, as far as anybody wrote it down. */
export interface NumberSource {
  /** How far to trust it: a card's own word; a line of the scenario; a default of this program; or a definition. */
  basis:
    | 'datasheet'
    | 'measured'
    | 'quoted'
    | 'estimated'
    | 'fitted'
    | 'recalled'
    | 'scenario'
    | 'default'
    | 'definition';
  ref: string;
  url?: string;
  as_of?: string;
  note?: string;
}

/**
 * One number of a run and what it is made of: a formula of other numbers, a source, or the method of a simulation or
 * search that found it from its inputs. Exactly one of the three.
 */
export interface ExplainNode {
  id: string;
  label: string;
  value: number;
  unit: string;
  /** Over the ids of the inputs: arithmetic and functions, see FUNCTIONS. */
  formula?: string;
  method?: string;
  source?: NumberSource;
  /** Ids of other nodes. */
  inputs: readonly string[];
  /** What the formula leaves out because it did not decide: other ways to do the same, with their times. */
  note?: string;
  /** The node that arrives at about the same in closed form, for the eye to compare. */
  check?: string;
}

/** What the formulas call beside arithmetic and ceil, floor, max, min, log, log2, exp and sqrt. */
export const FUNCTIONS: Readonly<Record<'atLeast' | 'fewest', string>> = {
  atLeast:
    'atLeast(n, k, a): chance that at least k of n are up, each with chance a: Σ over i = k … n of C(n, i)·a^i·(1 − a)^(n − i)',
  fewest:
    'fewest(k, a, target, zones): the smallest n, a multiple of zones, with atLeast(n, k, a) ≥ target, and with k left when any one zone of several is lost; atLeast(n, k, a) is the chance that at least k of n are up, each with chance a',
};

/** A formula's text and the nodes it names. */
export interface Formula {
  text: string;
  inputs: readonly string[];
}

/** Writes a formula over nodes: formula`${gpus} * ${hours}`. Numbers and other formulas are written into it. */
export function formula(parts: TemplateStringsArray, ...values: readonly (string | number | Formula)[]): Formula {
  const inputs: string[] = [];
  let text = parts[0] as string;
  values.forEach((value, i) => {
    if (typeof value === 'object') {
      inputs.push(...value.inputs);
      text += value.text;
    } else {
      if (typeof value === 'string') inputs.push(value);
      text += String(value);
    }
    text += parts[i + 1] as string;
  });
  return { text, inputs: [...new Set(inputs)] };
}

/** Several formulas joined by an operator or a comma; none at all come to 0. */
export function joined(parts: readonly (string | Formula)[], by: string): Formula {
  if (parts.length === 0) return { text: '0', inputs: [] };
  const texts = parts.map((part) => (typeof part === 'string' ? part : part.text));
  const inputs = parts.flatMap((part) => (typeof part === 'string' ? [part] : part.inputs));
  return { text: texts.join(by), inputs: [...new Set(inputs)] };
}

/** In brackets where it is a sum. */
export function bracketed(sum: Formula): Formula {
  return sum.text.includes(' + ') ? { ...sum, text: `(${sum.text})` } : sum;
}

/** What a number is called, what it is, and its unit. */
export interface Quantity {
  id: string;
  label: string;
  unit: string;
  value: number;
  note?: string;
}

/**
 * The numbers explained so far, each once however many formulas need it. Each of its ways to add one gives back the id,
 * to be written into a formula; what a number is made of is worked out only the first time it is asked for.
 */
export class NodeTable {
  private readonly nodes = new Map<string, ExplainNode>();
  private readonly open = new Set<string>();

  computed(quantity: Quantity, made: () => Formula): string {
    return this.add(quantity, () => {
      const { text, inputs } = made();
      return { formula: text, inputs };
    });
  }

  stated(quantity: Quantity, source: NumberSource): string {
    return this.add(quantity, () => ({ source, inputs: [] }));
  }

  found(quantity: Quantity, made: () => { method: string; inputs: readonly string[]; check?: string }): string {
    return this.add(quantity, made);
  }

  private add(
    quantity: Quantity,
    made: () => Pick<ExplainNode, 'formula' | 'method' | 'source' | 'inputs' | 'check'>,
  ): string {
    const { id } = quantity;
    const known = this.nodes.get(id);
    if (known !== undefined && known.value !== quantity.value) throw new Error(`${id} stands for two numbers`);
    if (known !== undefined) return id;
    if (this.open.has(id)) throw new Error(`${id} is explained by itself`);
    this.open.add(id);
    const node = { ...quantity, ...made() };
    this.open.delete(id);
    this.nodes.set(id, node);
    return id;
  }

  get(id: string): ExplainNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`${id} is not explained`);
    return node;
  }
}

/** The nodes below `root`, itself first, each where it is first met on the way down; none further down than `depth`. */
export function nodesBelow(table: NodeTable, root: string, depth = Number.POSITIVE_INFINITY): ExplainNode[] {
  const found = new Map<string, ExplainNode>();
  const levels = new Map<string, number>();
  const visit = (id: string, level: number): void => {
    if (level > depth || level >= (levels.get(id) ?? Number.POSITIVE_INFINITY)) return;
    levels.set(id, level);
    const node = table.get(id);
    found.set(id, node);
    for (const child of childrenOf(node)) visit(child, level + 1);
  };
  visit(root, 0);
  return [...found.values()];
}

/** What stands below a node: its inputs, and the closed form beside it. */
export function childrenOf(node: Pick<ExplainNode, 'inputs' | 'check'>): readonly string[] {
  return node.check === undefined || node.inputs.includes(node.check) ? node.inputs : [...node.inputs, node.check];
}
