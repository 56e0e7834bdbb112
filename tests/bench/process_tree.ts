/** Resources used by a process and its descendants, from Linux accounting. */
export interface TreeUsage {
  /** CPU time of running and reaped processes, in milliseconds. */
  readonly cpuMs: number;
  /** Proportional set size, in bytes: each shared page is divided among the processes that map it. */
  readonly pssBytes: number;
  /** Resident set size, in bytes; independent of other processes that map the same pages. */
  readonly rssBytes: number;
  readonly processes: number;
}

/** USER_HZ: ticks per second in /proc, the same on all architectures that Deno supports. */
const TICKS_PER_SECOND = 100;

/** Measures the process `pid` and its descendants. */
export function treeUsage(pid: number): TreeUsage {
  let cpuMs = 0, pssBytes = 0, rssBytes = 0, processes = 0;
  for (const member of treeOf(pid)) {
    try {
      const stat = Deno.readTextFileSync(`/proc/${member}/stat`);
      // proc(5): utime, stime, cutime and cstime are fields 14 to 17; the name in brackets is field 2.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
      const ticks = fields[11]! + fields[12]! + fields[13]! + fields[14]!;
      cpuMs += ticks * 1000 / TICKS_PER_SECOND;
      const rollup = Deno.readTextFileSync(`/proc/${member}/smaps_rollup`);
      pssBytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
      rssBytes += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
      processes++;
    } catch {
      // it exited meanwhile: its parent accounts for its time
    }
  }
  return { cpuMs, pssBytes, rssBytes, processes };
}

/**
 * Memory of a process and each of its descendants that no file backs, in bytes, by name and process
 * id. Pages of a file, such as code that runs for the first time, can be dropped, and are no leak.
 */
export function anonymousBytes(pid: number): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const member of treeOf(pid)) {
    try {
      const status = Deno.readTextFileSync(`/proc/${member}/status`);
      const kilobytes = (key: string) =>
        Number(new RegExp(`^${key}:\\s+(.*?)( kB)?$`, "m").exec(status)?.[1] ?? 0);
      const name = /^Name:\s+(.*)$/m.exec(status)![1]!;
      bytes.set(`${name} ${member}`, (kilobytes("RssAnon") + kilobytes("VmSwap")) * 1024);
    } catch {
      // it exited meanwhile
    }
  }
  return bytes;
}

function treeOf(pid: number): number[] {
  try {
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    return [pid, ...children.split(" ").filter(Boolean).map(Number).flatMap(treeOf)];
  } catch {
    return [pid];
  }
}

/** The quantile `q` of the values, 0 to 1; NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
