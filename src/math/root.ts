/**
 * The largest x in [low, high] with `holds(x)`, where `holds` turns false once and stays false; by bisection.
 *
 * @returns undefined where it does not hold even at `low`
 */
export function largestWhere(holds: (x: number) => boolean, low: number, high: number, steps = 60): number | undefined {
  if (!holds(low)) return undefined;
  if (holds(high)) return high;
  let good = low;
  let bad = high;
  for (let step = 0; step < steps; step++) {
    const middle = (good + bad) / 2;
    if (middle <= good || middle >= bad) break;
    if (holds(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/**
 * Where a function that never falls first reaches a value, to a relative `tolerance` and from above: by false
 * position, and by halving where that does not come on, as at a jump.
 *
 * @param low a place at or before the answer
 * @param high a place at or behind it
 */
export function firstReaching(
  f: (x: number) => number,
  value: number,
  low: number,
  high: number,
  tolerance: number,
): number {
  let [before, after] = [low, high];
  let [missing, excess] = [f(before) - value, f(after) - value];
  if (missing >= 0) return before;
  const narrow = (at: number, above: number) => {
    if (above >= 0) [after, excess] = [at, above];
    else [before, missing] = [at, above];
  };
  while (after - before > tolerance * after) {
    const width = after - before;
    const guess = before + Math.min(0.99, Math.max(0.01, missing / (missing - excess))) * width;
    // Beside 0 no tolerance is met: there the numbers themselves run out.
    if (guess <= before || guess >= after) break;
    const above = f(guess) - value;
    // On a straight piece the guess is the answer, and the other end only has to be drawn in beside it.
    const beside = guess + (above >= 0 ? -0.9 : 0.9) * tolerance * guess;
    narrow(guess, above);
    if (beside > before && beside < after) narrow(beside, f(beside) - value);
    if (after - before < width / 2) continue;
    const middle = (before + after) / 2;
    narrow(middle, f(middle) - value);
  }
  return after;
}
