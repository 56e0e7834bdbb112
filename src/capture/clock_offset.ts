import type { Clock } from "../telemetry/clock.ts";

/**
 * Measures the offset from a clock of the system to `clock`, in microseconds. Both run at the same
 * rate; of several readings, the one that took the shortest time is the most accurate.
 *
 * @param readUs reads the clock of the system, in microseconds
 */
export function clockOffsetUs(clock: Clock, readUs: () => number): number {
  let best = { width: Infinity, offsetUs: 0 };
  for (let i = 0; i < 8; i++) {
    const before = clock.monotonicUs();
    const systemUs = readUs();
    const after = clock.monotonicUs();
    const width = after - before;
    if (width < best.width) best = { width, offsetUs: Math.round((before + after) / 2) - systemUs };
  }
  return best.offsetUs;
}
