import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import type { Image } from "../../../src/capture/frame.ts";
import { Overlay } from "../../../src/frames/overlay.ts";
import { glyphOf } from "../../../src/frames/overlay_font.ts";
import { regionShapes, toPixels } from "../../../src/vision/layout.ts";
import { REGION_NAMES, type RegionSample } from "../../../src/vision/region_sample.ts";
import type { Sample, VitalsEstimate } from "../../../src/vitals/estimate.ts";
import { goodFace, goodSample } from "../../support/samples.ts";

/** Luma of the colors: of the source, and of it in a panel; of texts, traces and outlines. */
const SOURCE = 100, DIMMED = 31, WHITE = 235, GRAY = 150, PULSE = 130, BREATH = 165, FACE = 170;

type Parts = Partial<{
  pulse: Partial<VitalsEstimate["pulse"]>;
  breathing: Partial<VitalsEstimate["breathing"]>;
  condition: VitalsEstimate["condition"];
}>;

function estimateOf({ pulse, breathing, condition = "OK" }: Parts): VitalsEstimate {
  return {
    timeUs: monotonicUs(0),
    frameCount: 1,
    pulse: { rate: [], trace: [], respirationQuotient: [], ...pulse },
    breathing: {
      rate: [],
      upperTrace: [],
      amplitude: [],
      apnea: [],
      respiratoryLineLength: [],
      baseline: [],
      inhaleExhaleRatio: [],
      ...breathing,
    },
    condition,
    signal: { brightness: 100, saturatedFraction: 0, fps: 30 },
  };
}

const SIZE = { width: 320, height: 240 };

/** An image of one color, without padding. */
function uniform({ width, height }: { width: number; height: number }): Image {
  const uvStride = width / 2;
  return {
    width,
    height,
    y: new Uint8Array(width * height).fill(SOURCE),
    u: new Uint8Array((uvStride * height) / 2).fill(120),
    v: new Uint8Array((uvStride * height) / 2).fill(140),
    yStride: width,
    uvStride,
    chromaShiftX: 1,
    chromaShiftY: 1,
    color: { range: "full", matrix: "bt601" },
  };
}

function drawn(
  parts: Parts | undefined,
  size: { width: number; height: number } = SIZE,
  sample?: RegionSample,
): Image {
  const overlay = new Overlay();
  if (parts) overlay.update(estimateOf(parts));
  return overlay.draw(uniform(size), sample);
}

/** Asserts that a text is drawn at a place, in a color of this luma. */
function assertText(
  { y, width }: Image,
  text: string,
  { left, top, scale = 1, luma }: { left: number; top: number; scale?: number; luma: number },
): void {
  [...text].forEach((character, index) =>
    glyphOf(character).forEach((dots, row) => {
      for (let column = 0; column < 5; column++) {
        const at = (top + row * scale) * width + left + (6 * index + column) * scale;
        const isDot = ((dots >> (4 - column)) & 1) === 1;
        assert.equal(y[at] === luma, isDot, `${text}: dot ${column}, ${row} of ${character}`);
      }
    })
  );
}

/** First and last row of a luma in each column of an area, undefined for columns without it. */
function rowsOf(
  { y, width, height }: Image,
  luma: number,
  left: number,
  right: number,
  top: number,
) {
  return Array.from({ length: right - left }, (_, column) => {
    const rows: number[] = [];
    for (let row = top; row < height; row++) {
      if (y[row * width + left + column] === luma) rows.push(row);
    }
    return rows.length ? { first: rows[0]!, last: rows.at(-1)! } : undefined;
  });
}

const STRICT = { strict: { value: 71.64, confidence: 0.934, windowS: 10 } };
const HIDDEN = { withheld: "low_quality" } as const;

Deno.test("Overlay.draw() dims the lower 26 % of the image, and nothing else", () => {
  for (const [height, top] of [[240, 178], [480, 355], [120, 89]] as const) {
    const { y, u, width } = drawn({ pulse: HIDDEN, breathing: HIDDEN }, {
      width: 4 * height / 3,
      height,
    });
    assert.ok(y.subarray(0, top * width).every((value) => value === SOURCE), `${height}`);
    assert.equal(y[top * width], DIMMED);
    assert.equal(y[top * width + width - 1], DIMMED);
    assert.equal(y.at(-1), DIMMED);
    assert.equal(u!.at(-1), 124);
  }
});

Deno.test("Overlay.draw() has the rate at double size, and beside it the title and the confidence", () => {
  const image = drawn({
    pulse: STRICT,
    breathing: { strict: { value: 14.26, confidence: 0.8, windowS: 20 } },
  });
  const top = 178 + 3;
  assertText(image, "72", { left: 3, top, scale: 2, luma: WHITE });
  // The rate is 22 pixels wide, the gap twice the margin of 3.
  assertText(image, "PULSE", { left: 3 + 22 + 6, top, luma: PULSE });
  assertText(image, "93%", { left: 3 + 22 + 6, top: top + 8, luma: GRAY });
  assertText(image, "14.3", { left: 160 + 3, top, scale: 2, luma: WHITE });
  assertText(image, "BREATH", { left: 160 + 3 + 46 + 6, top, luma: BREATH });
  assertText(image, "80%", { left: 160 + 3 + 46 + 6, top: top + 8, luma: GRAY });
});

Deno.test("Overlay.draw() has the title, and below it the reason why a rate is withheld", () => {
  const image = drawn({ pulse: HIDDEN, breathing: { withheld: "no_chest" } });
  const top = 178 + 3;
  assertText(image, "PULSE", { left: 3, top, luma: PULSE });
  assertText(image, "LOW QUALITY", { left: 3, top: top + 8, luma: GRAY });
  assertText(image, "BREATH", { left: 163, top, luma: BREATH });
  assertText(image, "NO CHEST", { left: 163, top: top + 8, luma: GRAY });
  const first = drawn(undefined);
  assertText(first, "WARMING UP", { left: 3, top: top + 8, luma: GRAY });
  assertText(first, "WARMING UP", { left: 163, top: top + 8, luma: GRAY });
});

Deno.test("Overlay.draw() scales texts with the height of the image, by whole numbers", () => {
  for (
    const [height, scale] of [[120, 1], [240, 1], [350, 1], [370, 2], [480, 2], [720, 3]] as const
  ) {
    const size = { width: 2 * Math.round(2 * height / 3), height };
    const image = drawn({ pulse: HIDDEN, breathing: HIDDEN }, size);
    const top = Math.round(0.74 * height) + 3 * scale;
    assertText(image, "PULSE", { left: 3 * scale, top, scale, luma: PULSE });
    const left = size.width / 2 + 3 * scale;
    assertText(image, "LOW QUALITY", { left, top: top + 8 * scale, scale, luma: GRAY });
  }
});

Deno.test("Overlay.draw() has the name of the condition in the middle of the top", () => {
  const image = drawn({ pulse: HIDDEN, breathing: HIDDEN, condition: "IMAGE_TOO_DARK" });
  // Fourteen characters are 83 pixels wide, with a margin of 3 on each side.
  assertText(image, "IMAGE TOO DARK", { left: 119, top: 3, luma: WHITE });
  const rowOf = (row: number) => [...image.y.subarray(row * 320, row * 320 + 320)];
  for (const row of [0, 12]) {
    const dimmed = rowOf(row).flatMap((value, column) => (value === DIMMED ? [column] : []));
    assert.deepEqual([dimmed[0], dimmed.at(-1), dimmed.length], [116, 204, 89], `row ${row}`);
  }
  assert.ok(rowOf(13).every((value) => value === SOURCE));
  const narrow = drawn({ condition: "IMAGE_TOO_DARK" }, { width: 60, height: 240 });
  assertText(narrow, "IMAGE TOO", { left: 0, top: 3, luma: WHITE });
});

/** Samples at 30 per second for this many seconds up to 60 s. */
function samplesFor(seconds: number, value: (seconds: number) => number): Sample[] {
  const count = Math.round(seconds * 30);
  return Array.from({ length: count + 1 }, (_, k) => {
    const s = (k - count) / 30;
    return { timeUs: monotonicUs(Math.round((60 + s) * 1e6)), value: value(s) };
  });
}

/** The area of the traces begins at this row, below the texts, and ends 3 rows above the bottom. */
const TRACE_TOP = 178 + 3 + 16 + 3 + 3 - 3, TRACE_BOTTOM = 237;

Deno.test("Overlay.draw() has the trace of the last 8 or 24 seconds over the width of its panel", () => {
  const cases = [
    ["pulse", 8, 3, PULSE],
    ["breathing", 24, 163, BREATH],
  ] as const;
  for (const [vital, seconds, left, luma] of cases) {
    const ramp = samplesFor(seconds, (s) => 5 + s);
    const parts = vital === "pulse"
      ? { pulse: { ...HIDDEN, trace: ramp }, breathing: HIDDEN }
      : { pulse: HIDDEN, breathing: { ...HIDDEN, upperTrace: ramp } };
    const rows = rowsOf(drawn(parts), luma, left, left + 155, TRACE_TOP);
    const height = TRACE_BOTTOM - TRACE_TOP;
    assert.ok(rows.every((found) => found), "a gap in the trace");
    rows.forEach((found, column) => {
      const expected = TRACE_TOP + height * (1 - column / 154);
      assert.ok(Math.abs(found!.first - expected) <= 1, `column ${column}: ${found!.first}`);
      assert.ok(found!.last - found!.first <= 1, `column ${column}`);
    });
    assert.deepEqual([rows[0]!.last, rows[154]!.first], [TRACE_BOTTOM, TRACE_TOP]);
  }
});

Deno.test("Overlay.draw() has a short trace at the right, where its newest sample is", () => {
  const rows = rowsOf(
    drawn({ pulse: { ...HIDDEN, trace: samplesFor(2, (s) => Math.sin(s)) }, breathing: HIDDEN }),
    PULSE,
    3,
    158,
    TRACE_TOP,
  );
  // Two of eight seconds are a quarter of 154 columns.
  const first = rows.findIndex((found) => found);
  assert.ok(first === 115 || first === 116, `${first}`);
  assert.ok(rows.slice(first).every((found) => found));
});

Deno.test("Overlay.draw() joins the rows of a steep trace", () => {
  const step = samplesFor(8, (s) => (s < -4 ? 0 : 1));
  const rows = rowsOf(
    drawn({ pulse: { ...HIDDEN, trace: step }, breathing: HIDDEN }),
    PULSE,
    3,
    158,
    TRACE_TOP,
  );
  assert.deepEqual(rows[10], { first: TRACE_BOTTOM, last: TRACE_BOTTOM });
  assert.deepEqual(rows[150], { first: TRACE_TOP, last: TRACE_TOP });
  const covered = rows.filter((found) => found!.first < TRACE_BOTTOM && found!.last > TRACE_TOP);
  assert.ok(covered.length >= 1 && covered.length <= 2);
  assert.equal(Math.min(...covered.map((found) => found!.first)), TRACE_TOP);
  assert.equal(Math.max(...covered.map((found) => found!.last)), TRACE_BOTTOM);
});

Deno.test("Overlay.draw() has a constant trace at the top of its area, and none of one sample", () => {
  const rowsWith = (trace: readonly Sample[]) =>
    rowsOf(drawn({ pulse: { ...HIDDEN, trace }, breathing: HIDDEN }), PULSE, 3, 158, TRACE_TOP)
      .filter((found) => found);
  const constant = rowsWith(samplesFor(8, () => 7));
  assert.equal(constant.length, 155);
  assert.ok(constant.every((found) => found!.first === TRACE_TOP && found!.last === TRACE_TOP));
  assert.equal(rowsWith(samplesFor(0, () => 7)).length, 0);
  assert.ok(rowsWith(samplesFor(1 / 30, () => 7)).length > 0);
});

Deno.test("Overlay.draw() has no trace in an area of under four rows", () => {
  const tracedAt = (height: number) => {
    const trace = samplesFor(8, (s) => s);
    const image = drawn({ pulse: { ...HIDDEN, trace }, breathing: HIDDEN }, { width: 320, height });
    const top = Math.round(0.74 * height) + 22;
    return rowsOf(image, PULSE, 3, 158, top).some((found) => found);
  };
  // The panel of 100 rows has 26 rows, of which 1 is left; that of 112 rows has 29, of which 4 are left.
  assert.equal(tracedAt(108), false);
  assert.equal(tracedAt(112), true);
});

const isEqual = (a: Image, b: Image) => a.y.every((value, k) => value === b.y[k]);

Deno.test("Overlay.update() appends samples, and keeps those of the visible time", () => {
  const whole = samplesFor(8, (s) => Math.sin(3 * s));
  const overlay = new Overlay();
  for (let k = 0; k < whole.length; k += 30) {
    overlay.update(
      estimateOf({ pulse: { ...HIDDEN, trace: whole.slice(k, k + 30) }, breathing: HIDDEN }),
    );
  }
  overlay.update(estimateOf({ pulse: HIDDEN, breathing: HIDDEN }));
  const source = uniform(SIZE);
  // The sample at the left edge is no longer visible.
  const expected = drawn({ pulse: { ...HIDDEN, trace: whole.slice(1) }, breathing: HIDDEN });
  assert.ok(isEqual(overlay.draw(source, undefined), expected));
  // A value of long ago would change the scale.
  const old = new Overlay();
  old.update(estimateOf({
    pulse: { ...HIDDEN, trace: [{ timeUs: monotonicUs(51_900_000), value: 99 }] },
    breathing: HIDDEN,
  }));
  old.update(estimateOf({ pulse: { ...HIDDEN, trace: whole.slice(1) }, breathing: HIDDEN }));
  assert.ok(isEqual(old.draw(source, undefined), expected));
});

Deno.test("Overlay.draw() outlines the box of the face and four of its regions", () => {
  const face = goodFace({ box: { x: 0.3, y: 0.2, width: 0.4, height: 0.45 } });
  for (const [height, thickness] of [[240, 1], [480, 2]] as const) {
    const size = { width: (4 * height) / 3, height };
    const image = drawn({ pulse: HIDDEN, breathing: HIDDEN }, size, goodSample({ face }));
    const at = (x: number, y: number) => image.y[Math.round(y) * size.width + Math.round(x)];
    const [left, top] = [0.3 * size.width, 0.2 * height];
    const [right, bottom] = [0.7 * size.width, 0.65 * height];
    for (const part of [0, 0.1, 0.5, 0.9, 1]) {
      const x = left + part * (right - left), y = top + part * (bottom - top);
      for (const [px, py] of [[x, top], [x, bottom], [left, y], [right, y]] as const) {
        assert.equal(at(px, py), FACE, `${px}, ${py}`);
      }
    }
    // The line is as thick as the dots of the texts.
    const columns = Array.from({ length: 9 }, (_, k) => at(left - 4 + k, (top + bottom) / 2));
    assert.equal(columns.filter((value) => value === FACE).length, thickness);
    const isNear = (x: number, y: number) =>
      [-1, 0, 1].some((dx) => [-1, 0, 1].some((dy) => at(x + dx - 0.5, y + dy - 0.5) === GRAY));
    const pixelFace = toPixels(face, size);
    for (const { region, centre, halfAxes: [a, b] } of regionShapes(pixelFace, size)) {
      const name = REGION_NAMES[region]!;
      // Points of the four sides: their middles, and half of the way to their ends.
      const points = [-0.5, 0, 0.5].flatMap((
        part,
      ) => [[1, part], [-1, part], [part, 1], [part, -1]]);
      const outlined = points.filter(([p, q]) =>
        isNear(centre.x + p! * a.x + q! * b.x, centre.y + p! * a.y + q! * b.y)
      ).length;
      const isOutlined = ["glabella", "forehead", "left_cheek", "right_cheek"].includes(name);
      assert.ok(isOutlined ? outlined === 12 : outlined < 9, `${name}: ${outlined} of 12 points`);
    }
  }
});

Deno.test("Overlay.draw() joins samples of any distance by a line", () => {
  const rowsWith = (trace: readonly Sample[]) =>
    rowsOf(drawn({ pulse: { ...HIDDEN, trace }, breathing: HIDDEN }), PULSE, 3, 158, TRACE_TOP);
  const at = (seconds: number, value: number) => ({ timeUs: monotonicUs(seconds * 1e6), value });
  const rows = rowsWith([at(50, 0), at(54.5, 0), at(56.5, 1), at(58.5, 0)]);
  // The newest sample is at the right, 8 seconds are 154 columns.
  for (const [column, found] of rows.entries()) {
    const seconds = 50.5 + (8 * column) / 154;
    const value = Math.max(0, 1 - Math.abs(seconds - 56.5) / 2);
    const expected = TRACE_BOTTOM - (TRACE_BOTTOM - TRACE_TOP) * value;
    assert.ok(found!.first - 1.5 <= expected && expected <= found!.last + 1.5, `column ${column}`);
    assert.ok(found!.last - found!.first <= 3, `column ${column}`);
  }
});

Deno.test("Overlay.draw() has texts in gray tones, a red pulse, a blue breath and a green face", () => {
  const ramp = samplesFor(8, (s) => s);
  const { y, u, v, width, uvStride } = drawn(
    {
      pulse: { ...STRICT, trace: ramp },
      breathing: { ...STRICT, upperTrace: samplesFor(24, (s) => s) },
      condition: "IMAGE_TOO_DARK",
    },
    { width: 1280, height: 960 },
    goodSample({ face: goodFace() }),
  );
  const colorsOf = (luma: number) => {
    const found = new Set<string>();
    for (let k = y.indexOf(luma); k >= 0; k = y.indexOf(luma, k + 1)) {
      // Chroma samples at the border of a drawing may belong to its neighbor.
      if ([-1, 1, -width, width].some((step) => y[k + step] !== luma)) continue;
      const at = (Math.floor(k / width) >> 1) * uvStride + ((k % width) >> 1);
      const signs = [u![at]!, v![at]!].map((
        value,
      ) => (value < 120 ? "-" : value > 140 ? "+" : "0"));
      found.add(signs.join(""));
    }
    return [...found];
  };
  assert.deepEqual([WHITE, GRAY].map(colorsOf), [["00"], ["00"]]);
  assert.deepEqual(colorsOf(PULSE), ["-+"]);
  assert.deepEqual(colorsOf(BREATH), ["+-"]);
  assert.deepEqual(colorsOf(FACE), ["--"]);
});
