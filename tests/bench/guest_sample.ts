/** Counters of an emulated machine whose clock counts instructions: 1 ns is one instruction. */
export interface GuestSample {
  /** Time since the boot, in ns; it also passes while the processor is idle. */
  readonly upNs: number;
  /** CPU time of all of the machine, in ns: with interrupts and with what takes the sample. */
  readonly busyNs: number;
  /** CPU time of the server and its descendants, in ns, in user mode and in the kernel. */
  readonly treeNs: number;
  /** Frames that the server has captured. */
  readonly frames: number;
}

/** Instructions per frame between two samples. */
export interface FrameCost {
  /** Of the server and its descendants. */
  readonly tree: number;
  /** Of all of the machine. */
  readonly machine: number;
  /** Captured frames per second of the machine's clock. */
  readonly fps: number;
}

/** Path of the program that prints a sample, and its text; its arguments are the page's port. */
export const SAMPLE_PROGRAM = {
  path: "/bin/sample",
  text: `#!/bin/sh
cat /proc/uptime
cat /proc/[0-9]*/stat 2>/dev/null
wget -q -O - "http://127.0.0.1:$1/metrics" | grep '_frames_captured_total'
`,
} as const;

/** USER_HZ: ticks per second in /proc, the same on all architectures that Deno supports. */
const TICK_NS = 1e9 / 100;

/**
 * Parses the output of `SAMPLE_PROGRAM`.
 *
 * @param pid process id of the server
 * @throws {Error} if the output lacks the server or its count of frames
 */
export function parseSample(output: string, pid: number): GuestSample {
  const [first = "", ...lines] = output.split("\n");
  const [upS, idleS] = first.split(" ").map(Number);
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const line of lines) {
    // proc(5): the name in brackets is field 2, the parent field 4; utime, stime, cutime and cstime
    // are fields 14 to 17.
    const [, id, rest] = /^(\d+) \(.*\) (.*)$/.exec(line) ?? [];
    if (rest === undefined) continue;
    const fields = rest.split(" ").map(Number);
    parents.set(Number(id), fields[1]!);
    ticks.set(Number(id), fields[11]! + fields[12]! + fields[13]! + fields[14]!);
  }
  const frames = /_frames_captured_total(?:{[^}]*})? (\d+)/.exec(output)?.[1];
  if (upS === undefined || idleS === undefined || frames === undefined || !ticks.has(pid)) {
    throw new Error(`Cannot read a sample of the machine: ${output.slice(-500)}`);
  }
  const isInTree = (id: number | undefined): boolean =>
    id !== undefined && (id === pid || isInTree(parents.get(id)));
  const treeTicks = [...ticks].filter(([id]) => isInTree(id)).reduce((sum, [, n]) => sum + n, 0);
  return {
    upNs: upS * 1e9,
    busyNs: (upS - idleS) * 1e9,
    treeNs: treeTicks * TICK_NS,
    frames: Number(frames),
  };
}

/**
 * Returns the cost of a frame between two samples of the same server.
 *
 * @throws {RangeError} if no frame was captured between them
 */
export function frameCost(before: GuestSample, after: GuestSample): FrameCost {
  const frames = after.frames - before.frames;
  if (frames <= 0) {
    throw new RangeError(`Cannot compute the cost of a frame: frames captured: ${frames}`);
  }
  return {
    tree: (after.treeNs - before.treeNs) / frames,
    machine: (after.busyNs - before.busyNs) / frames,
    fps: frames * 1e9 / (after.upNs - before.upNs),
  };
}

/**
 * Reads the CPU time in s, of user mode and the kernel, from the output of busybox's `time`.
 *
 * @throws {Error} if the output has no such times
 */
export function parseCpuTime(output: string): number {
  const times = [...output.matchAll(/^(?:user|sys)\s+(\d+)m ?([\d.]+)s$/gm)];
  if (times.length !== 2) throw new Error(`Cannot find the CPU time of a command: ${output}`);
  return times.reduce((sum, [, minutes, s]) => sum + Number(minutes) * 60 + Number(s), 0);
}
