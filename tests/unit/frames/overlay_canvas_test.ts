import assert from "node:assert/strict";
import { Canvas } from "../../../src/frames/overlay_canvas.ts";
import { glyphOf } from "../../../src/frames/overlay_font.ts";
import { paint } from "../../support/yuv.ts";

Deno.test("Canvas.text() draws the glyphs of the font at any scale", () => {
  const source = paint({ width: 320, height: 240 }, () => [100, 120, 140]);
  for (const scale of [1, 2, 3]) {
    const canvas = new Canvas(source, new Uint8Array(Canvas.bytesOf(source)));
    canvas.text("R7", { left: 40, top: 30, scale, color: [235, 128, 128] });
    for (const [index, character] of ["R", "7"].entries()) {
      glyphOf(character).forEach((dots, row) => {
        for (let column = 0; column < 5; column++) {
          const x = 40 + (6 * index + column) * scale, y = 30 + row * scale;
          const drawn = canvas.image.y[y * 320 + x] === 235;
          assert.equal(drawn, ((dots >> (4 - column)) & 1) === 1, `${character} ${row} ${column}`);
        }
      });
    }
  }
});
