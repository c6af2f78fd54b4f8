import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Document, parseDocument } from 'yaml';
import type { Coefficient, CoefficientTarget } from '../../src/analysis/fit/coefficient.ts';

/** Digits that are kept: more than the fit knows, fewer than would look like knowledge. */
const DIGITS = 3;

const TIMES: readonly [number, string][] = [
  [1e-3, 'ms'],
  [1e-6, 'us'],
];

/** A number as cards write it: shares and factors bare, times in the unit that leaves a digit before the point. */
function written(value: number, present: unknown): number | string {
  if (typeof present !== 'string') return Number(value.toPrecision(DIGITS));
  const [size, unit] = TIMES.find(([one]) => value >= one) ?? [1e-6, 'us'];
  return `${Number((value / size).toPrecision(DIGITS))} ${unit}`;
}

function fileOf({ engines }: CoefficientTarget, calibration: string): string[] {
  return engines === undefined ? [calibration] : engines.map((id) => `hardware/engines/${id}.yaml`);
}

/** Writes fitted values into the cards they stand in, leaving everything else of the cards as it is. */
export function writeCards(coefficients: readonly Coefficient[], values: readonly number[], calibration: string): void {
  const documents = new Map<string, Document>();
  coefficients.forEach(({ targets }, i) => {
    for (const target of targets) {
      const path = target.engines === undefined ? target.path.split('.') : ['host', ...target.path.split('.')];
      for (const file of fileOf(target, calibration)) {
        const document = documents.get(file) ?? parseDocument(readFileSync(file, 'utf8'));
        documents.set(file, document);
        document.setIn(path, written(values[i] as number, document.getIn(path)));
      }
    }
  });
  for (const [file, document] of documents) {
    writeFileSync(`${file}.tmp`, document.toString({ lineWidth: 0, flowCollectionPadding: true }));
    renameSync(`${file}.tmp`, file);
  }
}
