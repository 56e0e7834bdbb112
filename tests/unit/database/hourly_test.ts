import assert from "node:assert/strict";
import { hourlySums } from "../../../src/database/hourly.ts";
import { measurement } from "../../support/database_rows.ts";

const HOUR_US = 3_600_000_000;
const HOUR = 491_000 * HOUR_US;

Deno.test("hourlySums() groups by device and hour", () => {
  const sums = hourlySums([
    measurement({ device: "a", time: HOUR }),
    measurement({ device: "a", time: HOUR + HOUR_US - 1 }),
    measurement({ device: "a", time: HOUR + HOUR_US }),
    measurement({ device: "b", time: HOUR }),
  ]);
  assert.deepEqual(sums.map(({ device, hour, measurements }) => [device, hour, measurements]), [
    ["a", HOUR, 2],
    ["a", HOUR + HOUR_US, 1],
    ["b", HOUR, 1],
  ]);
});

Deno.test("hourlySums() leaves withheld values out", () => {
  const [sum] = hourlySums([
    measurement({ pulse: 70, breathing: null, hrv_rmssd_ms: 30 }),
    measurement({ pulse: null, breathing: null, hrv_rmssd_ms: null }),
    measurement({ pulse: 80, breathing: null, hrv_rmssd_ms: 40 }),
  ]);
  assert.deepEqual(sum?.pulse, { count: 2, sum: 150, min: 70, max: 80 });
  assert.deepEqual(sum?.breathing, { count: 0, sum: 0, min: null, max: null });
  assert.deepEqual(sum?.hrvRmssdMs, { count: 2, sum: 70, min: 30, max: 40 });
  assert.equal(sum?.measurements, 3);
});
