/**
 * Mean and spread of numbers as they come, without keeping them.
 *
 * @source Welford 1962, "Note on a method for calculating corrected sums of squares and products"
 */
export class RunningMoments {
  count = 0;
  mean = 0;
  private squares = 0;

  add(value: number): void {
    this.count += 1;
    const before = value - this.mean;
    this.mean += before / this.count;
    this.squares += before * (value - this.mean);
  }

  /** Of the numbers themselves, not of what they were drawn from; 0 for none. */
  variance(): number {
    return this.count === 0 ? 0 : this.squares / this.count;
  }

  /** Coefficient of variation; undefined where the mean is 0. */
  cv(): number | undefined {
    return this.mean === 0 ? undefined : Math.sqrt(this.variance()) / Math.abs(this.mean);
  }

  clear(): void {
    this.count = 0;
    this.mean = 0;
    this.squares = 0;
  }
}

/** Pearson's correlation of pairs as they come. */
export class RunningCorrelation {
  private readonly x = new RunningMoments();
  private readonly y = new RunningMoments();
  private products = 0;

  add(x: number, y: number): void {
    const before = x - this.x.mean;
    this.x.add(x);
    this.y.add(y);
    this.products += before * (y - this.y.mean);
  }

  /** Undefined where either does not vary. */
  value(): number | undefined {
    const spread = Math.sqrt(this.x.variance() * this.y.variance()) * this.x.count;
    return spread > 0 ? Math.max(-1, Math.min(1, this.products / spread)) : undefined;
  }
}
