import type { Calibration } from '../analysis/calibrate/calibrate.ts';
import { FACTORS } from '../schema/own-calibration.ts';
import { percent } from './accuracy-tables.ts';
import { type Table, textTable } from './table.ts';

const FACTOR_LABELS: Readonly<Record<(typeof FACTORS)[number], string>> = {
  memory_efficiency: 'share of the memory bandwidth reached',
  compute_efficiency: 'share of the compute rate reached',
  fixed_time: 'fixed times of layers, host and collectives',
  front_end: 'time before the engine',
};

const right = (label: string) => ({ label, align: 'right' as const });

/** What calibrating did: error before and after by metric, and what it moved. */
export function calibrationText({ metrics, all, factors, held, error, measurements }: Calibration): string {
  const errors: Table = {
    columns: [{ label: 'Median error', align: 'left' }, right('values'), right('before'), right('after')],
    rows: [...metrics, all].map(({ metric, n, before, after }) => [metric, String(n), percent(before), percent(after)]),
  };
  const moved: Table = {
    columns: [
      { label: 'Factor on the shared coefficients', align: 'left' },
      right('factor'),
      { label: '', align: 'left' },
    ],
    rows: FACTORS.map((name) => [
      FACTOR_LABELS[name],
      factors[name].toFixed(3),
      held.includes(name) ? 'held: moving it made a metric worse' : '',
    ]),
  };
  const sentence =
    `Calibrated on ${measurements} own ${measurements === 1 ? 'run' : 'runs'}: median error ${percent(all.before)} before, ${percent(all.after)} after; ` +
    `± ${Math.round(100 * error)} % is expected of results from here.`;
  return [...textTable(errors, ''), '', ...textTable(moved, ''), '', sentence].join('\n');
}
