/** Clock ticks per second of the times in /proc, which is 100 on all of Linux's architectures here. */
const TICKS_PER_S = 100;

/** Returns the time that the largest renderer of a browser has used, in seconds. */
export function rendererSeconds(browserPid: number): number {
  return Math.max(0, ...renderersOf(browserPid).map(cpuSecondsOf));
}

function renderersOf(browserPid: number): number[] {
  const found: number[] = [];
  const visit = (pid: number) => {
    for (const child of childrenOf(pid)) {
      if (commandOf(child).includes("--type=renderer")) found.push(child);
      visit(child);
    }
  };
  visit(browserPid);
  return found;
}

/** A process may end at any time, which leaves it out. */
function readProc(path: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    return "";
  }
}

function childrenOf(pid: number): number[] {
  return readProc(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

const commandOf = (pid: number) => readProc(`${pid}/cmdline`);

function cpuSecondsOf(pid: number): number {
  // The name in parentheses may contain blanks.
  const fields = readProc(`${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
