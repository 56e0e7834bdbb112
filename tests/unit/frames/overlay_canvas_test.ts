import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { Canvas, type CanvasPoint, type YuvColor } from "../../../src/frames/overlay_canvas.ts";
import { glyphOf } from "../../../src/frames/overlay_font.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { grey, paint, type PaintOptions } from "../../support/yuv.ts";

const COLOR: YuvColor = [235, 60, 200];
const BACKGROUND = [100, 120, 140] as const;

/** A canvas on an image of one color. */
function canvasOf(options: Partial<PaintOptions> = {}): Canvas {
  const source = paint({ width: 30, height: 20, ...options }, () => BACKGROUND);
  return new Canvas(source, new Uint8Array(Canvas.bytesOf(source)));
}

/** Rows of the luma plane: `#` where it changed. */
function pictureOf({ width, height, y, yStride }: Image): string[] {
  return Array.from(
    { length: height },
    (_, row) =>
      [...y.subarray(row * yStride, row * yStride + width)]
        .map((value) => (value === BACKGROUND[0] ? "." : "#")).join(""),
  );
}

/** Columns and rows that changed: the first ones, and those after the last ones. */
function changedBounds(plane: Uint8Array, width: number, before: number): number[] | undefined {
  const at = [...plane].flatMap((value, k) =>
    value === before ? [] : [[k % width, Math.floor(k / width)] as const]
  );
  if (at.length === 0) return undefined;
  const [columns, rows] = [at.map(([column]) => column), at.map(([, row]) => row)];
  const bounds = [
    Math.min(...columns),
    Math.min(...rows),
    Math.max(...columns) + 1,
    Math.max(...rows) + 1,
  ];
  assert.equal(at.length, (bounds[2]! - bounds[0]!) * (bounds[3]! - bounds[1]!), "no rectangle");
  return bounds;
}

Deno.test("Canvas copies all planes of its source, and none that the source lacks", () => {
  const source = gradientImage(33, 21, { padding: 5 });
  const bytes = Canvas.bytesOf(source);
  assert.equal(bytes, 21 * 38 + 2 * 11 * 22);
  assert.deepEqual(new Canvas(source, new Uint8Array(bytes)).image, source);
  assert.deepEqual(new Canvas(source, new Uint8Array(bytes + 100)).image, source);
  const gray = grey(source);
  assert.equal(Canvas.bytesOf(gray), 21 * 38);
  assert.deepEqual(new Canvas(gray, new Uint8Array(21 * 38)).image, gray);
});

Deno.test("Canvas.fill() sets the pixels of a rectangle in all planes", () => {
  const { image } = canvasOf();
  const canvas = new Canvas(image, new Uint8Array(Canvas.bytesOf(image)));
  canvas.fill(4, 6, { width: 10, height: 8, color: COLOR });
  const { y, u, v } = canvas.image;
  assert.deepEqual(changedBounds(y, 30, 100), [4, 6, 14, 14]);
  assert.deepEqual(changedBounds(u!, 15, 120), [2, 3, 7, 7]);
  assert.deepEqual(changedBounds(v!, 15, 140), [2, 3, 7, 7]);
  assert.deepEqual([y[6 * 30 + 4], u![3 * 15 + 2], v![3 * 15 + 2]], COLOR);
  assert.deepEqual([image.y[6 * 30 + 4], image.u![47], image.v![47]], BACKGROUND);
});

Deno.test("Canvas.fill() rounds to pixels, and to the chroma samples that contain a pixel", () => {
  const cases = [
    // left, top, width, height; bounds of luma; bounds of chroma
    [4.4, 6.4, 10, 8, [4, 6, 14, 14], [2, 3, 7, 7]],
    [4.6, 6.6, 10, 8, [5, 7, 15, 15], [2, 3, 8, 8]],
    [5, 7, 1, 1, [5, 7, 6, 8], [2, 3, 3, 4]],
    [5, 7, 2, 2, [5, 7, 7, 9], [2, 3, 4, 5]],
  ] as const;
  for (const [left, top, width, height, luma, chroma] of cases) {
    const canvas = canvasOf();
    canvas.fill(left, top, { width, height, color: COLOR });
    assert.deepEqual(changedBounds(canvas.image.y, 30, 100), luma);
    assert.deepEqual(changedBounds(canvas.image.u!, 15, 120), chroma);
  }
});

Deno.test("Canvas.fill() follows the chroma sampling of the image", () => {
  for (
    const [chromaShiftX, chromaShiftY, bounds] of [
      [0, 0, [4, 6, 14, 14]],
      [1, 0, [2, 6, 7, 14]],
      [0, 1, [4, 3, 14, 7]],
    ] as const
  ) {
    const canvas = canvasOf({ chromaShiftX, chromaShiftY });
    canvas.fill(4, 6, { width: 10, height: 8, color: COLOR });
    assert.deepEqual(changedBounds(canvas.image.v!, chromaShiftX ? 15 : 30, 140), bounds);
  }
});

Deno.test("Canvas.fill() limits a rectangle to the image", () => {
  const boundsOf = (left: number, top: number, width: number, height: number) => {
    const canvas = canvasOf();
    canvas.fill(left, top, { width, height, color: COLOR });
    const { y, u, v } = canvas.image;
    const luma = changedBounds(y, 30, 100);
    const chroma = [changedBounds(u!, 15, 120), changedBounds(v!, 15, 140)];
    assert.ok(chroma.every((bounds) => (bounds === undefined) === (luma === undefined)));
    return luma;
  };
  assert.deepEqual(boundsOf(-5, -4, 10, 9), [0, 0, 5, 5]);
  assert.deepEqual(boundsOf(25, 15, 100, 100), [25, 15, 30, 20]);
  assert.deepEqual(boundsOf(-9, -9, 99, 99), [0, 0, 30, 20]);
  for (
    const [left, top, width, height] of [
      [30, 5, 4, 4],
      [5, 20, 4, 4],
      [-4, 5, 4, 4],
      [5, -4, 4, 4],
      [5, 5, 0, 4],
      [5, 5, 4, 0],
      [NaN, 5, 4, 4],
    ] as const
  ) {
    assert.equal(boundsOf(left, top, width, height), undefined);
  }
});

Deno.test("Canvas.fill() keeps to the rows of a padded image, and to luma of a gray one", () => {
  const source = gradientImage(20, 10, { padding: 3 });
  const canvas = new Canvas(source, new Uint8Array(Canvas.bytesOf(source)));
  canvas.fill(0, 0, { width: 99, height: 99, color: COLOR });
  const { y, u } = canvas.image;
  for (let k = 0; k < y.length; k++) assert.equal(y[k], k % 23 < 20 ? 235 : 99);
  for (let k = 0; k < u!.length; k++) assert.equal(u![k], k % 13 < 10 ? 60 : 99);
  const gray = grey(source);
  const grayCanvas = new Canvas(gray, new Uint8Array(Canvas.bytesOf(gray)));
  grayCanvas.fill(2, 2, { width: 4, height: 4, color: COLOR });
  assert.equal(grayCanvas.image.y[2 * 23 + 2], 235);
});

Deno.test("Canvas.fill() converts a color to the limited range of BT.601", () => {
  const filled = (color: YuvColor) => {
    const canvas = canvasOf({ color: { range: "limited", matrix: "bt601" } });
    canvas.fill(0, 0, { width: 9, height: 9, color });
    const { y, u, v } = canvas.image;
    return [y[0], u![0], v![0]];
  };
  assert.deepEqual(filled([0, 0, 0]), [16, 16, 16]);
  assert.deepEqual(filled([255, 255, 255]), [235, 240, 240]);
  assert.deepEqual(filled([128, 128, 128]), [126, 128, 128]);
  assert.deepEqual(filled([100, 28, 228]), [102, 40, 216]);
});

Deno.test("Canvas.dim() keeps 5/16 of the luma over black, and half of the chroma", () => {
  for (const [range, luma] of [["full", 31], ["limited", 42]] as const) {
    const canvas = canvasOf({ color: { range, matrix: "bt601" } });
    canvas.dim(4, 6, { width: 10, height: 8 });
    const { y, u, v } = canvas.image;
    assert.deepEqual(changedBounds(y, 30, 100), [4, 6, 14, 14]);
    assert.deepEqual(changedBounds(u!, 15, 120), [2, 3, 7, 7]);
    assert.deepEqual(changedBounds(v!, 15, 140), [2, 3, 7, 7]);
    // 100 · 5/16 = 31, and 16 + 84 · 5/16 = 42.
    assert.deepEqual([y[6 * 30 + 4], u![47], v![47]], [luma, 124, 134]);
  }
  const gray = grey(canvasOf().image);
  const canvas = new Canvas(gray, new Uint8Array(Canvas.bytesOf(gray)));
  canvas.dim(0, 0, { width: 1, height: 1 });
  assert.deepEqual([canvas.image.y[0], canvas.image.y[1]], [31, 100]);
});

function lineOf(from: CanvasPoint, to: CanvasPoint, thickness = 1): string[] {
  const canvas = canvasOf({ width: 8, height: 6 });
  canvas.line(from, to, { thickness, color: COLOR });
  return pictureOf(canvas.image);
}

Deno.test("Canvas.line() draws lines of any direction between the centers of pixels", () => {
  assert.deepEqual(lineOf([1.5, 2.5], [5.5, 2.5]), [
    "........",
    "........",
    ".#####..",
    "........",
    "........",
    "........",
  ]);
  const diagonal = [
    "........",
    ".#......",
    "..#.....",
    "...#....",
    "....#...",
    "........",
  ];
  assert.deepEqual(lineOf([1.5, 1.5], [4.5, 4.5]), diagonal);
  assert.deepEqual(lineOf([4.5, 4.5], [1.5, 1.5]), diagonal);
  const steep = [
    "..#.....",
    "..#.....",
    "..#.....",
    "...#....",
    "...#....",
    "...#....",
  ];
  assert.deepEqual(lineOf([2.6, 0.5], [3.4, 5.5]), steep);
  assert.deepEqual(lineOf([3.5, 2.5], [3.5, 2.5])[2], "...#....");
});

Deno.test("Canvas.line() has its thickness around the line", () => {
  assert.deepEqual(lineOf([3, 3], [5, 3], 2), [
    "........",
    "........",
    "..####..",
    "..####..",
    "........",
    "........",
  ]);
});

Deno.test("Canvas.line() draws no line with a coordinate that is not finite", () => {
  const empty = Array.from({ length: 6 }, () => "........");
  for (const bad of [NaN, Infinity, -Infinity]) {
    assert.deepEqual(lineOf([bad, 2], [5, 2]), empty);
    assert.deepEqual(lineOf([1, bad], [5, 2]), empty);
    assert.deepEqual(lineOf([1, 2], [bad, 2]), empty);
    assert.deepEqual(lineOf([1, 2], [5, bad]), empty);
  }
});

Deno.test("Canvas.line() draws no line that is longer than twice the outline of the image", () => {
  const isDrawn = (length: number) =>
    lineOf([1.5, 2.5], [1.5 + length, 2.5]).some((row) => row.includes("#"));
  // Four times 8 + 6 pixels.
  assert.equal(isDrawn(56), true);
  assert.equal(isDrawn(57), false);
});

Deno.test("Canvas.outline() closes the polygon", () => {
  const canvas = canvasOf({ width: 8, height: 6 });
  canvas.outline([[1.5, 1.5], [5.5, 1.5], [5.5, 4.5], [1.5, 4.5]], { thickness: 1, color: COLOR });
  assert.deepEqual(pictureOf(canvas.image), [
    "........",
    ".#####..",
    ".#...#..",
    ".#...#..",
    ".#####..",
    "........",
  ]);
});

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

Deno.test("Canvas.text() draws whole dots, with a gap of one dot between characters", () => {
  const picture = (scale: number) => {
    const canvas = canvasOf({ width: 13 * scale, height: 9 * scale });
    canvas.text("H7", { left: scale, top: scale, scale, color: COLOR });
    return pictureOf(canvas.image);
  };
  const dots = [
    ".............",
    ".#...#.#####.",
    ".#...#.....#.",
    ".#...#....#..",
    ".#####...#...",
    ".#...#..#....",
    ".#...#..#....",
    ".#...#..#....",
    ".............",
  ];
  assert.deepEqual(picture(1), dots);
  assert.deepEqual(
    picture(3),
    dots.flatMap((row) => {
      const wide = [...row].map((dot) => dot.repeat(3)).join("");
      return [wide, wide, wide];
    }),
  );
});

Deno.test("Canvas.widthOf() is the width of a text without the gap after it", () => {
  assert.deepEqual(["", "H", "H7", "H7H"].map((text) => Canvas.widthOf(text, 1)), [0, 5, 11, 17]);
  assert.deepEqual(["", "H7"].map((text) => Canvas.widthOf(text, 3)), [0, 33]);
});
