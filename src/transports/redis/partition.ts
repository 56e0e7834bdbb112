import calculateSlot from "cluster-key-slot";
import { isPattern } from "../../base/glob.ts";

/** Number of hash slots of a Redis Cluster. */
const SLOTS = 16_384;

/** How many equal ranges of slots the devices of a fleet share; 0: each name has its own slot. */
export type Partitions = number;

/** Partition tags by the number of partitions. */
const tagsOf = new Map<Partitions, readonly string[]>();

/**
 * Returns what the names of a device's channels and keys begin with: `{p17}:bed-4` instead of
 * `bed-4`, so that one node of a cluster serves all of them, and one command reads the streams of
 * all devices of a partition.
 *
 * The partition of a device is the range of slots that holds the slot of its key prefix. Its tag is the
 * first of `p0`, `p1`, ... whose slot is in the same range, so that the partitions are spread over
 * the nodes evenly.
 *
 * The key prefix of a reader may be a pattern, which matches devices of all partitions.
 */
export function taggedPrefix(
  { keyPrefix: prefix, partitions = 0 }: {
    readonly keyPrefix: string;
    readonly partitions?: Partitions;
  },
): string {
  if (partitions === 0) return prefix;
  if (isPattern(prefix)) return `{p*}:${prefix}`;
  const tags = tagsOf.get(partitions) ?? partitionTags(partitions);
  tagsOf.set(partitions, tags);
  return `{${tags[rangeOf(prefix, partitions)]}}:${prefix}`;
}

/** Removes the tag, if there is one: returns the key prefix of the device. */
export function untaggedPrefix(prefix: string): string {
  return prefix.replace(/^\{p\d+\}:/, "");
}

/** Returns the tag of each partition. */
export function partitionTags(partitions: Partitions): readonly string[] {
  const tags = new Map<number, string>();
  for (let at = 0; tags.size < partitions; at++) {
    const range = rangeOf(`p${at}`, partitions);
    if (!tags.has(range)) tags.set(range, `p${at}`);
  }
  return Array.from({ length: partitions }, (_, range) => tags.get(range)!);
}

/** Number of the range of slots that holds the slot of a key. */
function rangeOf(key: string, partitions: Partitions): number {
  return Math.floor(calculateSlot(key) * partitions / SLOTS);
}
