import type { Problem } from '../../schema/problem.ts';

export type Fields = Record<string, unknown>;

/** Larger counts are no model's; they would only slow or break what follows. */
const MOST = 1e9;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The fields of a configuration, asked for by any of the names that model families give them. What is missing or is not
 * what was expected is noted by its field's name; values are never quoted, since the file may be anybody's.
 */
export class ConfigFields {
  private readonly fields: Fields;
  readonly problems: Problem[];

  constructor(fields: Fields, problems: Problem[]) {
    this.fields = fields;
    this.problems = problems;
  }

  refuse(field: string, message: string): void {
    this.problems.push({ path: [field], message: `${field}: ${message}` });
  }

  private named(names: readonly string[]): { name: string; value: unknown } | undefined {
    for (const name of names) {
      const value = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
      if (value !== undefined && value !== null) return { name, value };
    }
    return undefined;
  }

  has(...names: string[]): boolean {
    return this.named(names) !== undefined;
  }

  /** A whole number, if the configuration has it. */
  maybe(...names: string[]): number | undefined {
    const found = this.named(names);
    if (found === undefined) return undefined;
    const { name, value } = found;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST) return value;
    this.refuse(name, 'expected a whole number');
    return undefined;
  }

  /** A whole number that the configuration must have; 1 where it has not, so that the rest can be checked. */
  count(...names: string[]): number {
    const value = this.maybe(...names);
    if (value !== undefined) return value;
    if (!this.has(...names)) this.refuse(names[0] as string, 'the configuration lacks this field');
    return 1;
  }

  flag(name: string): boolean | undefined {
    const found = this.named([name]);
    if (found === undefined || typeof found.value === 'boolean') return found?.value as boolean | undefined;
    this.refuse(name, 'expected true or false');
    return undefined;
  }

  text(...names: string[]): string | undefined {
    const found = this.named(names);
    return typeof found?.value === 'string' ? found.value : undefined;
  }

  list(name: string): readonly unknown[] | undefined {
    const found = this.named([name]);
    if (found === undefined) return undefined;
    if (Array.isArray(found.value)) return found.value;
    this.refuse(name, 'expected a list');
    return undefined;
  }

  block(name: string): Fields | undefined {
    const found = this.named([name]);
    return isFields(found?.value) ? found.value : undefined;
  }
}
