import assert from "node:assert/strict";
import { ProcessingRate } from "../../../src/app/processing_rate.ts";
import { monotonicUs } from "../../../src/base/time.ts";
import { type LogFields, silentLog } from "../../../src/telemetry/log.ts";

/** Reports on frames of 30 per second of the input, each of which takes `frameMs` to process. */
function reportsOf(frames: number, frameMs: number): [string, LogFields | undefined][] {
  const reports: [string, LogFields | undefined][] = [];
  let nowUs = 5_000_000;
  const log = {
    ...silentLog,
    info: (message: string, fields?: LogFields) => void reports.push([message, fields]),
  };
  const rate = new ProcessingRate({ clock: { monotonicUs: () => monotonicUs(nowUs) }, log });
  for (let k = 0; k < frames; k++) {
    rate.onFrame(monotonicUs(70_000_000 + k * 1e6 / 30));
    nowUs += frameMs * 1000;
  }
  rate.end();
  return reports;
}

Deno.test("ProcessingRate reports every 10 s, and at the end", () => {
  // 2,500 frames at 5 ms each: 12.5 s for 83.3 s of the input.
  assert.deepEqual(reportsOf(2500, 5), [
    ["Processing the input as fast as possible", {
      input_seconds: 66.7,
      frames_per_second: 200,
      times_real_time: 6.7,
    }],
    ["Processed the input as fast as possible", {
      input_seconds: 83.3,
      frames_per_second: 200,
      times_real_time: 6.7,
    }],
  ]);
});

Deno.test("ProcessingRate reports nothing of an input without frames", () => {
  assert.deepEqual(reportsOf(0, 5), []);
});
