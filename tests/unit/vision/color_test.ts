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

/** Luma coefficients of red and blue in ITU-R BT.601 and BT.709, from which all others follow. */
const LUMA = { bt601: { kr: 0.299, kb: 0.114 }, bt709: { kr: 0.2126, kb: 0.0722 } } as const;

for (const matrix of ["bt601", "bt709"] as const) {
  for (const range of ["full", "limited"] as const) {
    Deno.test(`rgbOf() inverts the encoding of colors by ${matrix} in ${range} range`, () => {
      const { kr, kb } = LUMA[matrix];
      const [scaleY, scaleC, offset] = range === "full" ? [1, 1, 0] : [219 / 255, 224 / 255, 16];
      const colors = [[200, 120, 60], [60, 200, 120], [120, 60, 200], [150, 110, 90]] as const;
      for (const [r, g, b] of colors) {
        const y = kr * r + (1 - kr - kb) * g + kb * b;
        const u = (b - y) / (2 * (1 - kb)), v = (r - y) / (2 * (1 - kr));
        const rgb = rgbOf(offset + scaleY * y, 128 + scaleC * u, 128 + scaleC * v, {
          matrix,
          range,
        });
        for (const [actual, expected] of [[rgb.r, r], [rgb.g, g], [rgb.b, b]] as const) {
          assert.ok(Math.abs(actual - expected) < 0.01, `${JSON.stringify(rgb)} of ${[r, g, b]}`);
        }
      }
    });
  }
}
