import { Random } from "../../tests/support/random.ts";
import { type Mutant, roomOf } from "./mutant.ts";

/** Every room gets this many mutants if it has that number; the rest is shared by size. Chosen. */
const MIN_A_ROOM = 8;

/**
 * Draws `count` mutants, at least a few from each room, and otherwise in proportion to the mutants of
 * the room; the same seed draws the same ones from an unchanged tree.
 */
export function sampleMutants(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const random = new Random(seed);
  const rooms = Map.groupBy(mutants, ({ path }) => roomOf(path));
  return [...rooms].sort().flatMap(([, of]) => {
    const share = Math.max(MIN_A_ROOM, Math.round((count * of.length) / mutants.length));
    return shuffled(of, random).slice(0, share);
  });
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random.uniform() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
