import { RunningMoments } from '../math/running-moments.ts';
import type { Seconds } from '../units/quantity.ts';

const MINUTE = 60;
const HOUR = 3600;
/** Fewer gaps than this say nothing about how much they vary. */
const FEWEST_GAPS = 30;

export interface ArrivalFigures {
  span: Seconds;
  /** Requests per second over the span. */
  rate?: number;
  /** Of the busiest of the minutes counted from the first request. */
  peakMinuteRate?: number;
  /** Coefficient of variation of the gaps between requests. */
  cv?: number;
  /** The same within an hour, averaged over hours: without what the time of day does. */
  cvWithinHour?: number;
  /** The shortest gap above 0: no finer than this is the clock that took the times. */
  shortestGap?: Seconds;
}

/** Watches arrivals as they come. */
export class ArrivalStatistics {
  private count = 0;
  private last: Seconds = 0;
  private shortest = Number.POSITIVE_INFINITY;
  private readonly gaps = new RunningMoments();

  private minute = 0;
  private inMinute = 0;
  private mostInMinute = 0;

  private hour = 0;
  private readonly hourGaps = new RunningMoments();
  private hourlySquares = 0;
  private hourlyGaps = 0;

  add(arrival: Seconds): void {
    this.countMinute(arrival);
    this.count += 1;
    if (this.count === 1) return;
    const gap = arrival - this.last;
    this.last = arrival;
    if (gap > 0 && gap < this.shortest) this.shortest = gap;
    this.gaps.add(gap);
    const hour = Math.floor(arrival / HOUR);
    if (hour !== this.hour) this.closeHour();
    this.hour = hour;
    this.hourGaps.add(gap);
  }

  figures(): ArrivalFigures {
    this.closeHour();
    const { count, last: span } = this;
    const figures: ArrivalFigures = { span };
    if (span > 0) figures.rate = count / span;
    if (span >= MINUTE) figures.peakMinuteRate = Math.max(this.mostInMinute, this.inMinute) / MINUTE;
    const cv = this.gaps.cv();
    if (cv !== undefined && this.gaps.count >= 2) figures.cv = cv;
    if (this.hourlyGaps > 0) figures.cvWithinHour = Math.sqrt(this.hourlySquares / this.hourlyGaps);
    if (Number.isFinite(this.shortest)) figures.shortestGap = this.shortest;
    return figures;
  }

  private countMinute(arrival: Seconds): void {
    const minute = Math.floor(arrival / MINUTE);
    if (minute !== this.minute) {
      this.mostInMinute = Math.max(this.mostInMinute, this.inMinute);
      this.inMinute = 0;
      this.minute = minute;
    }
    this.inMinute += 1;
  }

  private closeHour(): void {
    const cv = this.hourGaps.cv();
    if (this.hourGaps.count >= FEWEST_GAPS && cv !== undefined) {
      this.hourlySquares += this.hourGaps.count * cv * cv;
      this.hourlyGaps += this.hourGaps.count;
    }
    this.hourGaps.clear();
  }
}
