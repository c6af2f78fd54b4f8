import type { Seconds } from '../units/quantity.ts';

const HOUR = 3600;
const HOURS_PER_WEEK = 168;
/** An hour of the day or week counts as seen when this much of it was, in seconds. */
const SEEN = HOUR / 2;

/** Requests by the hour of the week in which they arrive. */
export class HourlyLoad {
  private readonly counts = new Float64Array(HOURS_PER_WEEK);
  private readonly origin: Seconds;
  private last: Seconds = 0;

  /** @param origin seconds from Monday 00:00 to the time 0 of the arrivals */
  constructor(origin: Seconds) {
    this.origin = origin;
  }

  add(arrival: Seconds): void {
    const hour = Math.floor((this.origin + arrival) / HOUR) % HOURS_PER_WEEK;
    this.counts[hour] = (this.counts[hour] as number) + 1;
    this.last = arrival;
  }

  /** Requests per second in each hour of the week or of the day; undefined where some hour was not seen. */
  rates(hours: 24 | 168): number[] | undefined {
    const seen = new Float64Array(hours);
    const count = new Float64Array(hours);
    for (const [hour, time] of this.timeSeen().entries()) {
      seen[hour % hours] = (seen[hour % hours] as number) + time;
      count[hour % hours] = (count[hour % hours] as number) + (this.counts[hour] as number);
    }
    if (seen.some((time) => time < SEEN)) return undefined;
    return Array.from(count, (requests, hour) => requests / (seen[hour] as number));
  }

  /** How long each hour of the week was watched, from the first arrival to the last. */
  private timeSeen(): Float64Array {
    const end = this.origin + this.last;
    const wholeWeeks = Math.floor(this.last / (HOURS_PER_WEEK * HOUR));
    const seen = new Float64Array(HOURS_PER_WEEK).fill(wholeWeeks * HOUR);
    let from = this.origin + wholeWeeks * HOURS_PER_WEEK * HOUR;
    while (from < end) {
      const hour = Math.floor(from / HOUR);
      const until = Math.min(end, (hour + 1) * HOUR);
      seen[hour % HOURS_PER_WEEK] = (seen[hour % HOURS_PER_WEEK] as number) + (until - from);
      from = until;
    }
    return seen;
  }
}
