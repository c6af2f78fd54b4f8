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
