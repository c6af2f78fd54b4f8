/** Values kept one by one before the sketch begins. */
const EXACT = 1 << 16;

/** Bits of the mantissa that tell buckets apart: 1,024 a doubling. */
const MANTISSA_BITS = 10;

/** Powers of two between which values are told apart: a billionth of a second to five centuries. */
const LOWEST = -30;
const HIGHEST = 34;
const BUCKETS = (HIGHEST - LOWEST) << MANTISSA_BITS;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Which of the two words holds sign and exponent on this machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const FIRST = (1023 + LOWEST) << MANTISSA_BITS;

/** The leading bits of a double are its logarithm to a base of 2, linear within each doubling. */
function bucketOf(value: number): number {
  double[0] = value;
  const index = ((words[HIGH] as number) >>> (20 - MANTISSA_BITS)) - FIRST;
  return index < 0 ? 0 : Math.min(index, BUCKETS - 1);
}

function middleOf(bucket: number): number {
  const size = 1 << MANTISSA_BITS;
  const power = 2 ** (LOWEST + Math.floor(bucket / size));
  return power * (1 + ((bucket % size) + 0.5) / size);
}

/**
 * Quantiles of a stream of numbers, none negative: exact up to 65,536 of them, within 0.05 % from then on, in memory
 * that no longer grows. Sketches of parts of a stream add up to that of the whole.
 *
 * Buckets of equal relative width, as in DDSketch; the bits of the number itself say which, so that adding one costs
 * a few nanoseconds.
 *
 * @source Masson, Rim and Lee 2019 (DDSketch)
 */
export class QuantileSketch {
  count = 0;
  private sum = 0;
  private exact: Float64Array | undefined = new Float64Array(256);
  private sorted = false;
  private buckets: Uint32Array | undefined;

  add(value: number): void {
    const { exact } = this;
    this.sum += value;
    if (exact !== undefined && this.count < exact.length) {
      exact[this.count++] = value;
      this.sorted = false;
      return;
    }
    this.addBeyond(value);
  }

  private addBeyond(value: number): void {
    const { exact } = this;
    if (exact !== undefined && exact.length < EXACT) {
      const next = new Float64Array(exact.length * 2);
      next.set(exact);
      this.exact = next;
      next[this.count++] = value;
      this.sorted = false;
      return;
    }
    if (exact !== undefined) this.spill(exact.subarray(0, this.count));
    this.bucket(value, 1);
    this.count += 1;
  }

  private spill(values: Float64Array): void {
    this.exact = undefined;
    for (const value of values) this.bucket(value, 1);
  }

  private bucket(value: number, times: number): void {
    this.buckets ??= new Uint32Array(BUCKETS);
    const index = bucketOf(value);
    this.buckets[index] = (this.buckets[index] as number) + times;
  }

  /** @returns undefined where there are no values */
  mean(): number | undefined {
    return this.count === 0 ? undefined : this.sum / this.count;
  }

  /**
   * The value below which the share of values lies: between neighbours in rank by straight line (type 7 of Hyndman and
   * Fan 1996, as numpy and R) while exact, the middle of the bucket of that rank beyond.
   *
   * @returns undefined where there are no values
   */
  quantile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    const rank = share * (this.count - 1);
    if (this.exact !== undefined) {
      const values = this.exact.subarray(0, this.count);
      if (!this.sorted) values.sort();
      this.sorted = true;
      const low = values[Math.floor(rank)] as number;
      const high = values[Math.ceil(rank)] as number;
      return low + (high - low) * (rank - Math.floor(rank));
    }
    let seen = 0;
    const buckets = this.buckets as Uint32Array;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += buckets[bucket] as number;
      if (seen > rank) return middleOf(bucket);
    }
    return middleOf(BUCKETS - 1);
  }

  /** Takes in all values of another sketch. */
  merge(other: QuantileSketch): void {
    if (other.exact !== undefined) {
      for (let i = 0; i < other.count; i++) this.add(other.exact[i] as number);
      return;
    }
    if (this.exact !== undefined) this.spill(this.exact.subarray(0, this.count));
    this.buckets ??= new Uint32Array(BUCKETS);
    const theirs = other.buckets as Uint32Array;
    for (let i = 0; i < BUCKETS; i++) this.buckets[i] = (this.buckets[i] as number) + (theirs[i] as number);
    this.count += other.count;
    this.sum += other.sum;
  }
}
