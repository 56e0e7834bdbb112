/**
 * Runs the program with a wall clock that can be set, as settimeofday(2) on a machine in use would
 * disturb everything else on it. `Date.now()` is the system clock plus the seconds that the file
 * FAULT_MATRIX_CLOCK contains. The monotonic clock is not affected, as on a real machine.
 */
const path = Deno.env.get("FAULT_MATRIX_CLOCK") ?? "";
const systemNow = Date.now;
let offsetMs = 0;

Date.now = () => systemNow() + offsetMs;
const timer = setInterval(() => {
  try {
    offsetMs = 1000 * Number(Deno.readTextFileSync(path));
  } catch {
    // It was not set yet.
  }
}, 50);
Deno.unrefTimer(timer);

await import("../../main.ts");
