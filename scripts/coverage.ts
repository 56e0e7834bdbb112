/**
 * Prints the share of lines that tests cover, by room, and fails if the total is below the floor.
 *
 *     deno run -A scripts/coverage.ts FOLDER...     # the folders of deno test --coverage=FOLDER
 */

/** Minimum share of covered lines of src and ffi; raise it when the figure rises. */
const FLOOR = 0.97;

const ROOT = new URL("../", import.meta.url).pathname;

/** What draws the web page runs in a browser only, where `tests/integration/web` judges it. */
const IN_BROWSER = /^src\/web\/page\/(view\/|generated\/|(app|main|trend_chart)\.ts$)/;

interface Lines {
  found: number;
  hit: number;
}

/** Sums the lines of an LCOV report by room; generated files and what runs in a browser are left out. */
export function linesByRoom(lcov: string): ReadonlyMap<string, Lines> {
  const rooms = new Map<string, Lines>();
  for (const record of lcov.split("end_of_record")) {
    const path = /^SF:(.+)$/m.exec(record)?.[1]?.replace(ROOT, "");
    if (!path || path.includes("/gen/") || !/^(src|ffi)\//.test(path)) continue;
    if (IN_BROWSER.test(path)) continue;
    const [top = "", room = ""] = path.split("/");
    const key = top === "ffi" ? "ffi" : room;
    const lines = rooms.get(key) ?? { found: 0, hit: 0 };
    lines.found += Number(/^LF:(\d+)$/m.exec(record)?.[1] ?? 0);
    lines.hit += Number(/^LH:(\d+)$/m.exec(record)?.[1] ?? 0);
    rooms.set(key, lines);
  }
  return rooms;
}

if (import.meta.main) {
  if (Deno.args.length === 0) {
    console.error("Usage: deno run -A scripts/coverage.ts FOLDER...");
    Deno.exit(64);
  }
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--lcov", "--quiet", ...Deno.args],
    cwd: ROOT,
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const rooms = linesByRoom(new TextDecoder().decode(stdout));
  const total: Lines = { found: 0, hit: 0 };
  for (const [room, { found, hit }] of [...rooms].sort()) {
    console.log(`${room.padEnd(14)} ${percent(hit / found)}  ${hit} of ${found} lines`);
    total.found += found;
    total.hit += hit;
  }
  const share = total.hit / total.found;
  console.log(`${"all".padEnd(14)} ${percent(share)}  floor ${percent(FLOOR)}`);
  if (!(share >= FLOOR)) Deno.exit(1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1).padStart(5)} %`;
}
