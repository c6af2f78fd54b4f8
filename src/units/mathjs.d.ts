import 'mathjs';

/** mathjs exports the factory of its unit class, but its declarations leave it out. Only what is used here. */
declare module 'mathjs' {
  interface PlainUnit {
    equalBase(other: PlainUnit): boolean;
    toNumber(unit: string): number;
  }
  interface UnitClass {
    parse(text: string): PlainUnit;
    createUnit(units: Record<string, { prefixes: string; aliases: string[] }>): void;
  }
  function createUnitClass(numbers: object): UnitClass;
}
