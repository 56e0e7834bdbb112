import assert from "node:assert/strict";
import { controlsOf, vidArguments } from "../../../../src/capture/libcamera/vid_arguments.ts";
import type { LibcameraSettings } from "../../../../src/capture/libcamera/options.ts";

const SETTINGS: LibcameraSettings = {
  index: 1,
  width: 640,
  height: 480,
  fps: 30,
  format: "raw",
  transform: "none",
  powerLine: "auto",
  analysisWidth: 320,
  jpegQuality: 80,
};
const argumentsOf = (settings: Partial<LibcameraSettings>) =>
  vidArguments({ ...SETTINGS, ...settings }, SETTINGS).join(" ");

Deno.test("vidArguments() requests frames and their metadata on stdout, without an end", () => {
  assert.equal(
    argumentsOf({}),
    "--camera 1 --timeout 0 --nopreview --width 640 --height 480 --framerate 30 --codec yuv420 " +
      "--output - --flush --metadata - --metadata-format json --denoise cdn_off",
  );
  assert.match(argumentsOf({ format: "jpeg" }), /--codec mjpeg --quality 80 /);
});

Deno.test("vidArguments() passes the transform and the mains frequency on", () => {
  assert.match(argumentsOf({ transform: "clockwise_180" }), / --rotation 180$/);
  assert.match(argumentsOf({ transform: "mirror_horizontal" }), / --hflip$/);
  assert.match(argumentsOf({ transform: "mirror_vertical" }), / --vflip$/);
  assert.match(argumentsOf({ powerLine: "50" }), / --flicker-period 10000us$/);
  assert.match(argumentsOf({ powerLine: "60" }), / --flicker-period 8333us$/);
  assert.match(argumentsOf({ powerLine: "off" }), /cdn_off$/);
});

Deno.test("vidArguments() locks the values that the camera has reported", () => {
  const locked = controlsOf({
    exposureUs: 19_983.6,
    analogueGain: 2.5,
    colourGains: [1.5, 2.25],
    lensPosition: 0,
    sensorUs: 5,
  });
  assert.match(
    vidArguments(SETTINGS, SETTINGS, locked).join(" "),
    / --shutter 19984 --gain 2\.5 --awbgains 1\.5,2\.25 --autofocus-mode manual --lens-position 0$/,
  );
  const fixedFocus = controlsOf({ exposureUs: 100, analogueGain: 1 });
  assert.match(vidArguments(SETTINGS, SETTINGS, fixedFocus).join(" "), / --shutter 100 --gain 1$/);
});

Deno.test("controlsOf() returns nothing without exposure and gain", () => {
  assert.equal(controlsOf({ analogueGain: 1 }), undefined);
  assert.equal(controlsOf({ exposureUs: 1, colourGains: [1, 1] }), undefined);
});
