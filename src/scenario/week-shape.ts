const HOURS_PER_WEEK = 168;

/** Answers of the runtime, which takes long over each; a sweep asks for one again and again. */
const known = new Map<string, number | undefined>();
const MOST_KNOWN = 1000;

function minutesAheadOfUtc(timezone: string, date: string): number | undefined {
  const key = `${date} ${timezone}`;
  if (known.has(key)) return known.get(key);
  const found = lookUpMinutes(timezone, date);
  if (known.size < MOST_KNOWN) known.set(key, found);
  return found;
}

/** Minutes that local time is ahead of UTC on a date, from the runtime's time-zone data; undefined for unknown zones. */
function lookUpMinutes(timezone: string, date: string): number | undefined {
  let text: string;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' });
    text = format.formatToParts(Date.parse(date)).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  } catch {
    return undefined;
  }
  const match = /^GMT(?:([+-])(\d{2}):(\d{2}))?$/.exec(text);
  if (match === null) return undefined;
  if (match[1] === undefined) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

/** Whether the runtime has this time zone; that does not depend on the date. */
export function knowsTimezone(timezone: string): boolean {
  return minutesAheadOfUtc(timezone, '2000-01-01') !== undefined;
}

/**
 * A load shape as 168 hourly weights of mean 1, Monday 00:00 UTC first.
 *
 * A day of 24 numbers repeats. Local hours move to UTC by whole hours (half-hour zones round), with the offset of the
 * start date all year: summer time moves a fleet's load by an hour, which no cost here notices.
 *
 * @returns undefined where the time zone is unknown
 */
export function weekShape(hours: readonly number[], timezone: string, date: string): number[] | undefined {
  const ahead = minutesAheadOfUtc(timezone, date);
  if (ahead === undefined) return undefined;
  const shift = Math.round(ahead / 60);
  const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
  return Array.from({ length: HOURS_PER_WEEK }, (_, utc) => {
    const local = (((utc + shift) % HOURS_PER_WEEK) + HOURS_PER_WEEK) % HOURS_PER_WEEK;
    return (hours[local % hours.length] as number) / mean;
  });
}
