import fc from "fast-check";
import assert from "node:assert/strict";
import { parseVersion } from "../../../src/capture/ffmpeg/executable.ts";
import { parseFrameTimes } from "../../../src/capture/ffmpeg/frame_times.ts";
import { failureReason, parseInputInfo } from "../../../src/capture/ffmpeg/probe.ts";
import { SourceError } from "../../../src/capture/frame.ts";
import { rateAt } from "../../../src/capture/simulator/rate_schedule.ts";

const pieces = fc.array(
  fc.constantFrom(
    "Input #0, avi, from 'a':\n",
    "  Stream #0:0",
    "[0x1](und): Video: h264 (Main), yuv420p(",
    "tv, bt709",
    "), 640x480",
    " [SAR 1:1",
    ", 30 fps",
    "displaymatrix: rotation of -90.00 degrees",
    "  Duration: 00:00:10.03",
    "(",
    "]",
    ",",
    "\n",
  ),
  { maxLength: 20 },
).map((words) => words.join(""));

Deno.test("parseInputInfo(), parseVersion() and failureReason() accept any text", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), pieces), (text) => {
    const { video } = parseInputInfo(text);
    if (video) assert.ok(Number.isInteger(video.width) && Number.isFinite(video.rotation));
    parseVersion("ffmpeg", text);
    assert.ok(failureReason(text, "a").length > 0);
  }));
});

Deno.test("parseFrameTimes() returns increasing times or throws SourceError", () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.double().map(String), fc.string())), (lines) => {
    try {
      const times = parseFrameTimes(lines.join("\n"), "times.txt");
      assert.equal(times[0], 0);
      for (let i = 1; i < times.length; i++) assert.ok(times[i]! > times[i - 1]!);
    } catch (error) {
      assert.ok(error instanceof SourceError, String(error));
    }
  }));
});

Deno.test("rateAt() returns a rate or throws RangeError", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.float().map(String)), (text) => {
    try {
      assert.ok(rateAt(text)(1) >= 0);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
    }
  }));
});
