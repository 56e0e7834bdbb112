/**
 * Returns the candidate with the smallest edit distance to `word` (optimal string alignment:
 * Levenshtein with transpositions of adjacent characters), or else the shortest candidate that
 * contains it. Returns undefined if no candidate is similar enough.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Chosen: a third of the letters may differ, and at least one.
  let limit = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= limit) continue;
    const distance = editDistance(word, candidate);
    if (distance < limit) [best, limit] = [candidate, distance];
  }
  return best ?? shortestContaining(word, candidates);
}

function shortestContaining(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length < 3) return undefined;
  const matches = [...candidates].filter((candidate) => candidate.includes(word));
  return matches.sort((a, b) => a.length - b.length)[0];
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(
        current[column - 1]! + 1,
        last[column]! + 1,
        last[column - 1]! + changed,
      );
      // False in the first row and column, which have no letter before.
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current[column] = cost;
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
