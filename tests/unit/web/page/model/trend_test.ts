import assert from "node:assert/strict";
import { chartColumns, panRange } from "../../../../../src/web/page/model/trend.ts";

Deno.test("chartColumns() keeps missing values and missing rows as gaps", () => {
  const trend = {
    device: "bed-1",
    interval_s: 5,
    columns: {
      time: [10e6, 15e6, 40e6],
      pulse: [70, null, 72],
      pulse_confidence: [],
      breathing: [15, 16],
      breathing_confidence: [],
    },
  };
  assert.deepEqual(chartColumns(trend), {
    time: [10, 15, 20, 40],
    pulse: [70, null, null, 72],
    breathing: [15, 16, null, null],
  });
});

Deno.test("panRange() moves by a part of the range, within the limits", () => {
  const limits = [0, 100] as const;
  assert.deepEqual(panRange([40, 60], { part: 0.5, limits }), [50, 70]);
  assert.deepEqual(panRange([40, 60], { part: -5, limits }), [0, 20]);
  assert.deepEqual(panRange([70, 90], { part: 2, limits }), [80, 100]);
});
