import assert from "node:assert/strict";
import { cameraFlags } from "../../../src/capture/camera_flags.ts";
import { accepts, assertNumberLimits, defaultsOf } from "../../support/flag_limits.ts";

Deno.test("cameraFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(cameraFlags, {
    deviceIndex: [0, 255],
    widthPx: [64, 7680],
    heightPx: [64, 4320],
    maxFps: [1, 240],
  });
});

Deno.test("cameraFlags have the documented defaults", () => {
  assert.deepEqual(defaultsOf(cameraFlags), {
    use: false,
    deviceIndex: 0,
    widthPx: 640,
    heightPx: 480,
    maxFps: 30,
    codec: "auto",
    autoLock: true,
    powerLineFrequency: "auto",
    source: "auto",
    inputTransformMode: "none",
  });
});

Deno.test("cameraFlags accept the known formats, frequencies and transforms", () => {
  for (
    const { key, accepted, refused } of [
      {
        key: "codec",
        accepted: ["auto", "MJPG", "YUYV", "UYVY", "NV12", "GREY"],
        refused: ["H264", ""],
      },
      { key: "powerLineFrequency", accepted: ["auto", "off", "50", "60"], refused: ["55", "on"] },
      {
        key: "inputTransformMode",
        accepted: ["clockwise_90", "clockwise_180", "counterclockwise_90"]
          .concat(["none", "mirror_horizontal", "mirror_vertical"]),
        refused: ["90", "mirror"],
      },
    ]
  ) {
    for (const text of accepted) assert.equal(accepts(cameraFlags, key, text), true, text);
    for (const text of refused) assert.equal(accepts(cameraFlags, key, text), false, text);
  }
});
