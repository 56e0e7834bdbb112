import assert from "node:assert/strict";
import { rgbOf } from "../../../src/vision/color.ts";

const rounded = (rgb: { r: number; g: number; b: number }) =>
  [rgb.r, rgb.g, rgb.b].map((value) => Math.round(value));

Deno.test("rgbOf() converts full-range and limited-range red to the same red", () => {
  // ITU-T T.871 and ITU-R BT.601 / BT.709 for pure red.
  assert.deepEqual(rounded(rgbOf(76.245, 84.972, 255.5, { range: "full", matrix: "bt601" })), [
    255,
    0,
    0,
  ]);
  assert.deepEqual(rounded(rgbOf(81.481, 90.203, 240, { range: "limited", matrix: "bt601" })), [
    255,
    0,
    0,
  ]);
  assert.deepEqual(rounded(rgbOf(62.559, 102.336, 240, { range: "limited", matrix: "bt709" })), [
    255,
    0,
    0,
  ]);
});

Deno.test("rgbOf() keeps grey neutral and clamps to 0..255", () => {
  assert.deepEqual(rounded(rgbOf(100, 128, 128, { range: "full", matrix: "bt601" })), [
    100,
    100,
    100,
  ]);
  assert.deepEqual(rounded(rgbOf(235, 128, 128, { range: "limited", matrix: "bt709" })), [
    255,
    255,
    255,
  ]);
  assert.deepEqual(rounded(rgbOf(10, 128, 128, { range: "limited", matrix: "bt601" })), [0, 0, 0]);
});
