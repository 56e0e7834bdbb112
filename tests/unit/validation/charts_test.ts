import assert from "node:assert/strict";
import {
  blandAltman,
  identityChart,
  reliabilityCurve,
  riskCoverageCurve,
  timeChart,
} from "../../../src/validation/charts.ts";
import type { WindowResult } from "../../../src/validation/windows.ts";

/** The plot area of every chart, in units of its view box of 480 by 310. */
const AREA = { left: 58, right: 466, top: 38, bottom: 264 };
/** The height of the legend, above the plot area. */
const LEGEND_Y = 18;

interface Range {
  readonly low: number;
  readonly high: number;
}

/** What a chart draws, read back from its SVG. */
interface Drawing {
  /** Entries of the legend as [class, label]. */
  readonly legend: (readonly [string, string])[];
  /** Dots of a class as [x, y, radius]. */
  dots(kind: string): number[][];
  /** Polylines of a class as lists of [x, y]. */
  lines(kind: string): number[][][];
  /** Texts with an anchor as [text, x, y]. */
  texts(anchor: string): (string | number)[][];
}

function read(svg: string): Drawing {
  const all = (pattern: RegExp) => [...svg.matchAll(pattern)].map((match) => match.slice(1));
  const entries = new RegExp(
    `<(?:circle|polyline) class="(\\w+)" (?:cx="[^"]*" cy="${LEGEND_Y}"|points="\\d+,${LEGEND_Y} )` +
      `[^>]*><text[^>]*>([^<]*)<`,
    "g",
  );
  return {
    legend: all(entries).map(([kind = "", label = ""]) => [kind, label] as const),
    dots: (kind) =>
      all(new RegExp(`<circle class="${kind}" cx="([^"]*)" cy="([^"]*)" r="([^"]*)"/>`, "g"))
        .map((values) => values.map(Number)).filter(([, y]) => y !== LEGEND_Y),
    lines: (kind) =>
      all(new RegExp(`<polyline class="${kind}" points="([^"]*)"/>`, "g"))
        .map(([points = ""]) => points.split(" ").map((point) => point.split(",").map(Number)))
        .filter(([first]) => first![1] !== LEGEND_Y),
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
    ...ticksX.map((x) => [String(x), place(x, 70)[0], 281]),
    ["end of the window, s", 262, 304],
  ]);
  assert.deepEqual(texts("end").map(([text, x]) => [text, x]), ticksY.map((y) => [String(y), 52]));
  for (const [text, , y] of texts("end")) {
    assert.ok(Math.abs(Number(y) - 4 - place(10, Number(text))[1]!) < 0.11, `${text} at ${y}`);
  }
});

Deno.test("timeChart() fits its view box and names its axes", () => {
  const svg = timeChart(WINDOWS, "beats/min");
  assert.match(svg, /^<svg viewBox="0 0 480 310" role="img" aria-label="Published values[^>]*>/);
  assert.match(svg, /<title>Published values and reference over time<\/title>/);
  assert.match(svg, /<text transform="translate\(14 155\) rotate\(-90\)"[^>]*>beats\/min<\/text>/);
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
  const apart = [{ endS: 10, strict: 70 }, { endS: 11, reference: 70 }];
  assert.equal(blandAltman(apart, { unit: "1/min", limits: { bias: 0, low: 0, high: 0 } }), "");
  assert.equal(identityChart(apart, { unit: "1/min", tolerance: 3 }), "");
  assert.equal(reliabilityCurve([]), "");
  assert.equal(riskCoverageCurve([], { tolerance: 3, confident: 0.7 }), "");
});

Deno.test("charts have a legend of every class that they draw", () => {
  const limits = { bias: 0.5, low: -1, high: 2 };
  const cases: [string, string[]][] = [
    [timeChart(WINDOWS, "1/min"), ["value", "reference", "withheld"]],
    [identityChart(WINDOWS, { unit: "1/min", tolerance: 3 }), ["value", "bias", "limit"]],
    [blandAltman(WINDOWS, { unit: "1/min", limits }), ["value", "bias", "limit"]],
    [
      reliabilityCurve([{ stated: 0.5, right: 0.5, count: 1 }]),
      ["value", "curve", "limit"],
    ],
    [
      riskCoverageCurve([{ confidence: 0.9, coverage: 0.5, risk: 0.1 }], {
        tolerance: 3,
        confident: 0.7,
      }),
      ["curve", "value"],
    ],
  ];
  for (const [svg, kinds] of cases) {
    const { legend } = read(svg);
    assert.deepEqual(legend.map(([kind]) => kind), kinds, svg);
    assert.ok(legend.every(([, label]) => label.length > 3), svg);
    assert.match(svg, /viewBox="0 0 480 310"/);
  }
});

Deno.test("blandAltman() draws each difference, the bias and the limits of agreement", () => {
  const pairs = [[71, 70], [82, 80], [96, 90]] as const;
  const windows = pairs.map(([strict, reference], k) => ({ endS: 10 + k, strict, reference }));
  const limits = { bias: 3, low: -2, high: 8 };
  const { dots, lines, texts, legend } = read(blandAltman(windows, { unit: "beats/min", limits }));
  const padX = 0.08 * (93 - 70.5);
  const x = { low: 70.5 - padX, high: 93 + padX };
  const place = placeIn({ x, y: { low: -2.8, high: 8.8 } });
  assert.deepEqual(dots("value"), [
    [...place(70.5, 1), 3],
    [...place(81, 2), 3],
    [...place(93, 6), 3],
  ]);
  const across = (y: number) => [place(x.low, y), place(x.high, y)];
  assert.deepEqual(lines("bias"), [across(3)]);
  assert.deepEqual(lines("limit"), [across(-2), across(8)]);
  assert.deepEqual(legend[1], ["bias", "bias 3.00"]);
  // Limits that are close to each other have labels that do not overlap: below and above.
  const [low, high] = texts("end").slice(-2);
  assert.deepEqual([low?.[0], high?.[0]], ["-2.00", "8.00"]);
  assert.ok(Number(low?.[2]) > place(80, -2)[1]! && Number(high?.[2]) < place(80, 8)[1]!);
});

Deno.test("blandAltman() shows one pair in the middle of at least 10/min and 4/min", () => {
  const limits = { bias: 2, low: 2, high: 2 };
  const { dots, texts } = read(
    blandAltman([{ endS: 10, strict: 72, reference: 70 }], { unit: "1/min", limits }),
  );
  const place = placeIn({ x: { low: 66, high: 76 }, y: { low: 0, high: 4 } });
  assert.deepEqual(dots("value"), [[...place(71, 2), 3]]);
  assert.deepEqual(texts("middle").at(-1)?.[0], "mean of value and reference, 1/min");
});

Deno.test("blandAltman() draws equal dots once, so that a long study stays small", () => {
  const windows = Array.from({ length: 1000 }, (_, k) => ({ endS: k, strict: 71, reference: 70 }));
  const svg = blandAltman(windows, { unit: "1/min", limits: { bias: 1, low: 1, high: 1 } });
  assert.equal(read(svg).dots("value").length, 1);
});

Deno.test("identityChart() has equal axes, with the tolerance on both sides of equality", () => {
  const { dots, lines } = read(identityChart(WINDOWS, { unit: "1/min", tolerance: 3 }));
  const range = { low: 69.2, high: 80.8 };
  const place = placeIn({ x: range, y: range });
  assert.deepEqual(dots("value"), [[...place(72, 70), 3], [...place(76, 80), 3]]);
  assert.deepEqual(lines("bias"), [[place(69.2, 69.2), place(80.8, 80.8)]]);
  assert.deepEqual(lines("limit"), [
    [place(72.2, 69.2), place(80.8, 77.8)],
    [place(69.2, 72.2), place(77.8, 80.8)],
  ]);
});

Deno.test("riskCoverageCurve() marks the coverage at the confidence of published values", () => {
  const points = [
    { confidence: 0.9, coverage: 0.25, risk: 0 },
    { confidence: 0.7, coverage: 0.5, risk: 0.1 },
    { confidence: 0.2, coverage: 1, risk: 0.4 },
  ];
  const { dots, lines, texts } = read(
    riskCoverageCurve(points, { tolerance: 3, confident: 0.7 }),
  );
  const place = placeIn({ x: { low: 0, high: 1 }, y: { low: 0, high: 0.42 } });
  assert.deepEqual(lines("curve"), [[place(0.25, 0), place(0.5, 0.1), place(1, 0.4)]]);
  assert.deepEqual(dots("value"), [[...place(0.5, 0.1), 5]]);
  assert.equal(texts("middle").at(-1)?.[0], "coverage: fraction of the windows");
  const none = riskCoverageCurve(points.slice(2), { tolerance: 3, confident: 0.7 });
  assert.deepEqual(read(none).dots("value"), []);
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
