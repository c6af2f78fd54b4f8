/**
 * Fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
 *
 * The restricted form (optimal string alignment), in which no letter is edited twice: it equals Damerau's distance
 * except on words that nobody mistypes. See Boytsov 2011, "Indexing methods for approximate dictionary searching".
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

const LONGEST_WORD = 100;

const folded = (word: string) => word.toLowerCase().replaceAll('o', '0').replaceAll(/[il]/g, '1');

/**
 * The name that was probably meant, or undefined when none is near enough to be worth saying.
 *
 * Case does not count, nor which of two letters that look alike was taken (o and 0, l, i and 1). A third of the letters may be wrong; failing that, a name that begins with the word or else holds
 * it is taken, the shortest first, because ids are often given without their tail ("h100").
 */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > LONGEST_WORD) return undefined;
  const wanted = folded(word);
  let best: { name: string; distance: number } | undefined;
  let holding: { name: string; rank: number } | undefined;
  for (const name of names) {
    const candidate = folded(name);
    if (Math.abs(candidate.length - wanted.length) <= wanted.length / 2) {
      const distance = editDistance(wanted, candidate) - (candidate.startsWith(wanted) ? 0.5 : 0);
      if (best === undefined || distance < best.distance) best = { name, distance };
    }
    const place = wanted.length > 2 ? candidate.indexOf(wanted) : -1;
    const rank = (place > 0 ? 1000 : 0) + name.length;
    if (place >= 0 && (holding === undefined || rank < holding.rank)) holding = { name, rank };
  }
  const tolerated = Math.max(1, Math.floor(wanted.length / 3));
  return best !== undefined && best.distance <= tolerated ? best.name : holding?.name;
}

/** `; did you mean "x"?`, or nothing: the tail of a sentence that names an unknown word. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const name = nearestName(word, names);
  return name === undefined ? '' : `; did you mean "${name}"?`;
}
