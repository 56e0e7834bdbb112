import { statfs } from "node:fs/promises";
import type { Topic } from "../../envelopes/envelope.ts";

const MIB = 2 ** 20;

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/**
 * The room that is left on the disk of `folder`, for a user who is not root; undefined where the
 * file system does not tell.
 */
export async function spaceAt(folder: string): Promise<Space | undefined> {
  try {
    const { bsize, bavail, blocks } = await statfs(folder);
    return { freeBytes: bsize * bavail, totalBytes: bsize * blocks };
  } catch {
    return undefined;
  }
}

/**
 * Whether a disk has room for a message of `topic`. As it fills up, frames stop first, then edge
 * metrics; core metrics, status and recording state go on to the last byte.
 */
export function hasRoomFor(topic: Topic, { freeBytes, totalBytes }: Space): boolean {
  switch (topic) {
    case "frame":
      return freeBytes >= Math.min(16 * MIB, totalBytes / 5);
    case "edge_metrics":
      return freeBytes >= Math.min(4 * MIB, totalBytes / 10);
    default:
      return true;
  }
}
