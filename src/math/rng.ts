/** A source of uniform numbers in [0, 1). */
export type Uniform = () => number;

/** 32 bits from a text: FNV-1a with a final mix, so that close names give far-apart seeds. */
function hashText(text: string, start: number): number {
  let hash = start >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Numbers made at a time: while they are, the state stays in registers, which halves the cost of each. */
const TOGETHER = 64;

/** Numbers, of two words each, before a small seed has spread over sfc32's whole state. */
const WARM_UP = 8;

/**
 * A stream of its own for each name under one seed, so that a further use of chance changes no other: arrivals stay
 * as they were when lengths are drawn in another way.
 *
 * sfc32, 53 bits a number.
 *
 * @source Chris Doty-Humphrey, PractRand 0.95 (sfc32); it passes that suite's tests to 32 TB
 */
export function randomStream(seed: number, name: string): Uniform {
  const state = new Int32Array([
    hashText(name, 0x811c9dc5),
    hashText(name, 0x9e3779b9),
    seed >>> 0,
    (Math.floor(seed / 4294967296) ^ 1) >>> 0,
  ]);
  const numbers = new Float64Array(TOGETHER);
  fill(numbers.subarray(0, WARM_UP), state);
  let used = TOGETHER;
  return () => {
    if (used === TOGETHER) {
      fill(numbers, state);
      used = 0;
    }
    return numbers[used++] as number;
  };
}

/** The next numbers of a stream, two steps of sfc32 each; moves its state on. */
function fill(numbers: Float64Array, state: Int32Array): void {
  let [a = 0, b = 0, c = 0, counter = 0] = state;
  for (let i = 0; i < numbers.length; i++) {
    const high = (((a + b) | 0) + counter) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + high) | 0;
    const low = (((a + b) | 0) + counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + low) | 0;
    counter = (counter + 2) | 0;
    numbers[i] = ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
  }
  state.set([a, b, c, counter]);
}

/**
 * A stream whose first `count` numbers are spread evenly: one in each of as many equal parts of [0, 1), in random order.
 * Beyond them it goes on as any other.
 *
 * Neighbours are as good as independent, but a sample of `count` has the mean of what is drawn from it almost exactly,
 * so that two runs, or a run and a formula, differ by what they are about and not by the luck of the whole sample.
 *
 * @source McKay, Beckman and Conover 1979 (Latin hypercube sampling); shuffled by Fisher and Yates
 */
export function evenStream(seed: number, name: string, count: number): Uniform {
  const uniform = randomStream(seed, name);
  const numbers = Float64Array.from({ length: count }, (_, i) => (i + uniform()) / count);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const other = numbers[j] as number;
    numbers[j] = numbers[i] as number;
    numbers[i] = other;
  }
  let used = 0;
  return () => (used < count ? (numbers[used++] as number) : uniform());
}
