import type { Result } from '../result/record.ts';
import { sparkline } from './bars.ts';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const HOURS_PER_MARK = 3;
/** Characters from the beginning of a day to that of the next: eight marks, and two spaces. */
const DAY_CELLS = 10;

/** The week of month 1 in two lines: the busiest hour of each day, and below it marks of three hours, scaled alike. */
export function weekLines({ subject: { utilization_by_hour: hours } }: Result): [days: string, marks: string] {
  const ofDay = (day: number) => hours.slice(24 * day, 24 * (day + 1));
  const marks = Array.from({ length: hours.length / HOURS_PER_MARK }, (_, i) =>
    Math.max(...hours.slice(i * HOURS_PER_MARK, (i + 1) * HOURS_PER_MARK)),
  );
  const sparks = [...sparkline(marks)];
  const perDay = 24 / HOURS_PER_MARK;
  const line = (text: (day: number) => string) =>
    DAYS.map((_, day) => text(day).padEnd(DAY_CELLS))
      .join('')
      .trimEnd();
  return [
    line((day) => `${DAYS[day]} ${Math.round(100 * Math.max(...ofDay(day)))} %`),
    line((day) => sparks.slice(day * perDay, (day + 1) * perDay).join('')),
  ];
}
