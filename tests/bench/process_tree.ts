/** What a process and all its descendants use, as Linux accounts it. */
export interface TreeUsage {
  /** CPU time of the living and of the reaped, in milliseconds. */
  readonly cpuMs: number;
  /** Proportional set size: memory with shared pages split among those who share, in bytes. */
  readonly pssBytes: number;
  /** Resident memory, shared pages counted whole: others that come and go do not change it. */
  readonly rssBytes: number;
  readonly processes: number;
}

/** Linux counts CPU time in these ticks a second on all its ports that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Measures the tree under `pid`. */
export function treeUsage(pid: number): TreeUsage {
  let cpuMs = 0, pssBytes = 0, rssBytes = 0, processes = 0;
  for (const member of treeOf(pid)) {
    try {
      const stat = Deno.readTextFileSync(`/proc/${member}/stat`);
      // After the name in brackets: utime, stime, cutime, cstime are fields 14 to 17 of all.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
      const ticks = fields[11]! + fields[12]! + fields[13]! + fields[14]!;
      cpuMs += ticks * 1000 / TICKS_PER_SECOND;
      const rollup = Deno.readTextFileSync(`/proc/${member}/smaps_rollup`);
      pssBytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
      rssBytes += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
      processes++;
    } catch {
      // it ended meanwhile; its parent has its time
    }
  }
  return { cpuMs, pssBytes, rssBytes, processes };
}

function treeOf(pid: number): number[] {
  try {
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    return [pid, ...children.split(" ").filter(Boolean).map(Number).flatMap(treeOf)];
  } catch {
    return [pid];
  }
}

/** The value under which the share `q` of the numbers lie. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
