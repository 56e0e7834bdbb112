import assert from "node:assert/strict";
import { parseFrameTimes } from "../../../../src/capture/ffmpeg/frame_times.ts";

Deno.test("parseFrameTimes() counts from the first time and states an invalid line", () => {
  assert.deepEqual(parseFrameTimes("1700000000000\n1700000000033.5\n\n", "t"), [0, 33_500]);
  assert.throws(
    () => parseFrameTimes("0\nforty\n", "t.txt"),
    /t\.txt: line 2 is not a number: "forty"/,
  );
  assert.throws(() => parseFrameTimes("0\n40\n40\n", "t.txt"), /line 3 does not increase/);
  assert.throws(() => parseFrameTimes("\n", "t.txt"), /the file has no times/);
});
