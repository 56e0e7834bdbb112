import { statfs } from "node:fs/promises";
import type { Topic } from "../../envelopes/envelope.ts";

const MIB = 2 ** 20;

export interface DiskSpace {
  /** Space available to unprivileged users. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Returns the disk space of the file system of `path`, or undefined if it is not known. */
export async function diskSpaceOf(path: string): Promise<DiskSpace | undefined> {
  try {
    const { bsize, bavail, blocks } = await statfs(path);
    return { freeBytes: bsize * bavail, totalBytes: bsize * blocks };
  } catch {
    return undefined;
  }
}

/**
 * Returns true if the disk has space for a message of `topic`. As the disk fills up, frames are
 * stopped first, then edge metrics; core metrics, status and recording state are always allowed.
 * The thresholds are chosen.
 */
export function hasSpaceFor(topic: Topic, { freeBytes, totalBytes }: DiskSpace): boolean {
  switch (topic) {
    case "frame":
      return freeBytes >= Math.min(16 * MIB, totalBytes / 5);
    case "edge_metrics":
      return freeBytes >= Math.min(4 * MIB, totalBytes / 10);
    default:
      return true;
  }
}
