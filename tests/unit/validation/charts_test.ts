import assert from "node:assert/strict";
import { blandAltman, reliabilityCurve, timeChart } from "../../../src/validation/charts.ts";
import type { WindowResult } from "../../../src/validation/windows.ts";

/** The plot area of every chart, in units of its view box of 560 by 300. */
const AREA = { left: 52, right: 546, top: 14, bottom: 258 };

interface Range {
  readonly low: number;
  readonly high: number;
}

/** What a chart draws, read back from its SVG. */
interface Drawing {
  /** Dots of a class as [x, y, radius]. */
  dots(kind: string): number[][];
  /** Polylines of a class as lists of [x, y]. */
  lines(kind: string): number[][][];
  /** Texts with an anchor as [text, x, y]. */
  texts(anchor: string): (string | number)[][];
}

function read(svg: string): Drawing {
  const all = (pattern: RegExp) => [...svg.matchAll(pattern)].map((match) => match.slice(1));
  return {
    dots: (kind) =>
      all(new RegExp(`<circle class="${kind}" cx="([^"]*)" cy="([^"]*)" r="([^"]*)"/>`, "g"))
        .map((values) => values.map(Number)),
    lines: (kind) =>
      all(new RegExp(`<polyline class="${kind}" points="([^"]*)"/>`, "g"))
        .map(([points = ""]) => points.split(" ").map((point) => point.split(",").map(Number))),
    texts: (anchor) =>
      all(new RegExp(`<text x="([^"]*)" y="([^"]*)" text-anchor="${anchor}">([^<]*)</text>`, "g"))
        .map(([x, y, text = ""]) => [text, Number(x), Number(y)]),
  };
}

/** The place of a value, rounded as in the SVG. */
function placeIn({ x, y }: { x: Range; y: Range }): (valueX: number, valueY: number) => number[] {
  const share = (value: number, { low, high }: Range) => (value - low) / (high - low);
  const round = (value: number) => Number(value.toFixed(1));
  return (valueX, valueY) => [
    round(AREA.left + share(valueX, x) * (AREA.right - AREA.left)),
    round(AREA.bottom + share(valueY, y) * (AREA.top - AREA.bottom)),
  ];
}

/** Published at 10 s and 12 s, withheld at 11 s. */
const WINDOWS: readonly WindowResult[] = [
  { endS: 10, strict: 70, reference: 72 },
  { endS: 11, reference: 74, withheld: "motion" },
  { endS: 12, strict: 80, reference: 76 },
];

/** 8 % of 2 s and of 10/min beyond the values, on both sides. */
const TIME_AXES = { x: { low: 9.84, high: 12.16 }, y: { low: 69.2, high: 80.8 } };

Deno.test("timeChart() draws each value at its time, and a withheld window on the axis", () => {
  const { dots } = read(timeChart(WINDOWS, "beats/min"));
  const place = placeIn(TIME_AXES);
  assert.deepEqual(dots("value"), [[...place(10, 70), 3], [...place(12, 80), 3]]);
  assert.deepEqual(dots("withheld"), [[...place(11, 69.2), 2]]);
});

Deno.test("timeChart() connects the references, and leaves out windows without one", () => {
  const place = placeIn(TIME_AXES);
  const without: WindowResult = { endS: 11.5, strict: 75 };
  const { lines } = read(
    timeChart([...WINDOWS.slice(0, 2), without, ...WINDOWS.slice(2)], "1/min"),
  );
  assert.deepEqual(lines("reference"), [[place(10, 72), place(11, 74), place(12, 76)]]);
});

Deno.test("timeChart() has about five round ticks an axis, each with a grid line and a label", () => {
  const { lines, texts } = read(timeChart(WINDOWS, "beats/min"));
  const place = placeIn(TIME_AXES);
  const ticksX = [10, 10.5, 11, 11.5, 12];
  const ticksY = [70, 75, 80];
  assert.deepEqual(lines("grid"), [
    ...ticksX.map((x) => [place(x, 69.2), place(x, 80.8)]),
    ...ticksY.map((y) => [place(9.84, y), place(12.16, y)]),
  ]);
  assert.deepEqual(texts("middle"), [
    ...ticksX.map((x) => [String(x), place(x, 70)[0], 274]),
    ["end of the window, s", 299, 294],
  ]);
  assert.deepEqual(texts("end").map(([text, x]) => [text, x]), ticksY.map((y) => [String(y), 46]));
  for (const [text, , y] of texts("end")) {
    assert.ok(Math.abs(Number(y) - 4 - place(10, Number(text))[1]!) < 0.11, `${text} at ${y}`);
  }
});

Deno.test("timeChart() fits its view box and names its axes", () => {
  const svg = timeChart(WINDOWS, "beats/min");
  assert.match(svg, /^<svg viewBox="0 0 560 300" role="img" aria-label="Published values[^>]*>/);
  assert.match(svg, /<title>Published values and reference over time<\/title>/);
  assert.match(svg, /<text transform="translate\(13 150\) rotate\(-90\)"[^>]*>beats\/min<\/text>/);
});

/** The labels of the horizontal axis for windows that end at the two times. */
function timeLabels(fromS: number, toS: number): string[] {
  const windows = [fromS, toS].map((endS) => ({ endS, strict: 70 }));
  return read(timeChart(windows, "1/min")).texts("middle").slice(0, -1).map(([text]) => `${text}`);
}

Deno.test("timeChart() steps its ticks by 1, 2 or 5 times a power of ten", () => {
  // The axis is 1.16 times as long as the times, and has five intervals or fewer.
  const cases: [number, number, string[]][] = [
    [0, 4.3, ["0", "1", "2", "3", "4"]],
    [0, 4.4, ["0", "2", "4"]],
    [0, 8.6, ["0", "2", "4", "6", "8"]],
    [0, 8.7, ["0", "5"]],
    [0, 21, ["0", "5", "10", "15", "20"]],
    [0, 22, ["0", "10", "20"]],
    [100, 530, ["100", "200", "300", "400", "500"]],
  ];
  for (const [from, to, labels] of cases) assert.deepEqual(timeLabels(from, to), labels, `${to}`);
});

Deno.test("timeChart() shows at least 1 s and 10/min around a single value", () => {
  const { dots } = read(timeChart([{ endS: 10, strict: 70 }], "1/min"));
  const place = placeIn({ x: { low: 9.5, high: 10.5 }, y: { low: 65, high: 75 } });
  assert.deepEqual(dots("value"), [[...place(10, 70), 3]]);
  assert.deepEqual(timeLabels(10, 10), ["9.6", "9.8", "10", "10.2", "10.4"]);
});

Deno.test("charts are empty without data", () => {
  assert.equal(timeChart([{ endS: 10, withheld: "no_face" }], "1/min"), "");
  assert.equal(blandAltman([{ endS: 10, strict: 70 }, { endS: 11, reference: 70 }], "1/min"), "");
  assert.equal(reliabilityCurve([]), "");
});

Deno.test("blandAltman() draws bias and limits of agreement from the differences", () => {
  // Differences 1, 2 and 6: mean 3, sample standard deviation 2.6458.
  const pairs = [[71, 70], [82, 80], [96, 90]] as const;
  const windows = pairs.map(([strict, reference], k) => ({ endS: 10 + k, strict, reference }));
  const { dots, lines, texts } = read(blandAltman(windows, "beats/min"));
  const deviation = Math.sqrt(((1 - 3) ** 2 + (2 - 3) ** 2 + (6 - 3) ** 2) / 2);
  const levels = [3 - 1.96 * deviation, 3 + 1.96 * deviation] as const;
  const padY = 0.08 * (levels[1] - levels[0]);
  const padX = 0.08 * (93 - 70.5);
  const x = { low: 70.5 - padX, high: 93 + padX };
  const place = placeIn({ x, y: { low: levels[0] - padY, high: levels[1] + padY } });
  assert.deepEqual(dots("value"), [
    [...place(70.5, 1), 3],
    [...place(81, 2), 3],
    [...place(93, 6), 3],
  ]);
  const across = (y: number) => [place(x.low, y), place(x.high, y)];
  assert.deepEqual(lines("bias"), [across(3)]);
  assert.deepEqual(lines("limit"), [across(levels[0]), across(levels[1])]);
  assert.deepEqual(texts("end").slice(-3).map(([text, at]) => [text, at]), [
    ["-1.96 SD: -2.19", 546],
    ["bias: 3.00", 546],
    ["+1.96 SD: 8.19", 546],
  ]);
  for (const [k, y] of [levels[0], 3, levels[1]].entries()) {
    const height = place(80, y)[1]! - Number(texts("end").slice(-3)[k]?.[2]);
    assert.ok(Math.abs(height - 4) < 0.11, "a label is just above its line");
  }
});

Deno.test("blandAltman() shows one pair in the middle of at least 10/min and 4/min", () => {
  const { dots, texts } = read(blandAltman([{ endS: 10, strict: 72, reference: 70 }], "1/min"));
  const place = placeIn({ x: { low: 66, high: 76 }, y: { low: 0, high: 4 } });
  assert.deepEqual(dots("value"), [[...place(71, 2), 3]]);
  assert.deepEqual(texts("end").slice(-3).map(([text]) => text), [
    "-1.96 SD: 2.00",
    "bias: 2.00",
    "+1.96 SD: 2.00",
  ]);
  assert.deepEqual(texts("middle").at(-1)?.[0], "mean of value and reference, 1/min");
});

Deno.test("reliabilityCurve() draws the diagonal and each bin with the size of its count", () => {
  const { dots, lines, texts } = read(reliabilityCurve([
    { stated: 0.25, right: 0.5, count: 25 },
    { stated: 0.75, right: 1, count: 100 },
  ]));
  const place = placeIn({ x: { low: 0, high: 1 }, y: { low: 0, high: 1 } });
  assert.deepEqual(lines("limit"), [[place(0, 0), place(1, 1)]]);
  assert.deepEqual(lines("curve"), [[place(0.25, 0.5), place(0.75, 1)]]);
  assert.deepEqual(dots("value"), [[...place(0.25, 0.5), 5], [...place(0.75, 1), 8]]);
  const labels = ["0", "0.2", "0.4", "0.6", "0.8", "1"];
  assert.deepEqual(texts("middle").map(([text]) => text), [...labels, "stated probability"]);
  assert.deepEqual(texts("end").map(([text]) => text), labels);
});
