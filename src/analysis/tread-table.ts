import type { CostTread } from './volume-cost.ts';

/** Treads in order, one column a field: thousands of them are walked for every offer and horizon. */
export interface TreadTable {
  count: number;
  from: Float64Array;
  to: Float64Array;
  fixedUsd: Float64Array;
  usdPerToken: Float64Array;
}

export function emptyTreads(most: number): TreadTable {
  const column = () => new Float64Array(most);
  return { count: 0, from: column(), to: column(), fixedUsd: column(), usdPerToken: column() };
}

export function addTread(table: TreadTable, from: number, to: number, fixedUsd: number, usdPerToken: number): void {
  const at = table.count++;
  table.from[at] = from;
  table.to[at] = to;
  table.fixedUsd[at] = fixedUsd;
  table.usdPerToken[at] = usdPerToken;
}

export function tableOf(treads: readonly CostTread[]): TreadTable {
  const table = emptyTreads(treads.length);
  for (const { from, to, fixedUsd, usdPerToken } of treads) addTread(table, from, to, fixedUsd, usdPerToken);
  return table;
}

/** The tread a volume lies on; undefined beyond the last. Its `to` belongs to it. */
export function treadOf(table: TreadTable, tokens: number): CostTread | undefined {
  for (let at = 0; at < table.count; at++) {
    const to = table.to[at] as number;
    if (tokens > to) continue;
    return {
      from: table.from[at] as number,
      to,
      fixedUsd: table.fixedUsd[at] as number,
      usdPerToken: table.usdPerToken[at] as number,
    };
  }
  return undefined;
}
