import assert from "node:assert/strict";
import { WaveformBuffer } from "../../../../../src/web/page/model/waveform.ts";
import { replaced } from "../../../../support/replace.ts";

interface Module {
  readonly WaveformCanvas: new (
    canvas: unknown,
    options: { readonly vital: "pulse" | "breathing"; readonly buffer: WaveformBuffer },
  ) => { draw(nowMs: number): void };
}
// Imported without its types, which are those of the DOM.
const PATH = new URL("../../../../../src/web/page/view/waveform_canvas.ts", import.meta.url);
const { WaveformCanvas } = await import(PATH.href) as Module;

/** A context that keeps what is drawn. */
class FakeContext {
  readonly calls: string[] = [];
  readonly points: { readonly x: number; readonly y: number; readonly isLine: boolean }[] = [];
  readonly ticks: { readonly x: number; readonly y: number; readonly height: number }[] = [];
  readonly labels: { readonly text: string; readonly x: number; readonly y: number }[] = [];
  transform: number[] = [];
  cleared: number[] = [];
  lineWidth = 0;
  lineJoin = "";
  strokeStyle = "";
  fillStyle = "";
  font = "";

  setTransform(...values: number[]): void {
    this.transform = values;
  }
  clearRect(...values: number[]): void {
    this.cleared = values;
  }
  fillRect(x: number, y: number, _width: number, height: number): void {
    this.ticks.push({ x, y, height });
  }
  fillText(text: string, x: number, y: number): void {
    this.labels.push({ text, x, y });
  }
  beginPath(): void {
    this.calls.push("beginPath");
  }
  moveTo(x: number, y: number): void {
    this.points.push({ x, y, isLine: false });
  }
  lineTo(x: number, y: number): void {
    this.points.push({ x, y, isLine: true });
  }
  stroke(): void {
    this.calls.push(`stroke ${this.lineWidth} ${this.lineJoin} ${this.strokeStyle}`);
  }
}

const START_US = 1_767_225_600_000_000; // a full minute

/** Draws a waveform of 30 samples per second up to `endS` after the start of a minute. */
function draw({ vital = "pulse", endS = 10, pixelRatio = 1, width = 400, height = 120, samples }: {
  readonly vital?: "pulse" | "breathing";
  readonly endS?: number;
  readonly pixelRatio?: number;
  readonly width?: number;
  readonly height?: number;
  readonly samples?: readonly { readonly timestamp: number; readonly value: number }[];
} = {}) {
  using stack = new DisposableStack();
  const globals = globalThis as unknown as Record<string, unknown>;
  stack.use(replaced(globals, "devicePixelRatio", pixelRatio));
  stack.use(replaced(globals, "getComputedStyle", () => ({ color: "gray", accentColor: "red" })));
  const context = new FakeContext();
  const canvas = {
    ...{ clientWidth: width, clientHeight: height, width: 0, height: 0 },
    getContext: () => context,
  };
  const buffer = new WaveformBuffer();
  const newest = START_US + endS * 1e6;
  const all = samples ?? Array.from({ length: 600 }, (_, k) => ({
    timestamp: newest - Math.round((599 - k) * 1e6 / 30),
    value: Math.sin(k / 5),
  }));
  buffer.add(all, 5000);
  new WaveformCanvas(canvas, { vital, buffer }).draw(5000);
  return { context, canvas, newestUs: newest };
}

/** Pixels per second of a sweep of this many millimeters per second. */
const pxPerS = (mmPerS: number) => mmPerS * 96 / 25.4;

Deno.test("WaveformCanvas has twice the pixels on a fine display, and no more on a finer one", () => {
  for (const [pixelRatio, scale] of [[1, 1], [1.5, 1.5], [2, 2], [3, 2], [0, 1]] as const) {
    const { context, canvas } = draw({ pixelRatio });
    assert.deepEqual([canvas.width, canvas.height], [400 * scale, 120 * scale]);
    assert.deepEqual(context.transform, [scale, 0, 0, scale, 0, 0]);
    assert.deepEqual(context.cleared, [0, 0, 400, 120]);
  }
});

Deno.test("WaveformCanvas draws nothing on a canvas without an area, or without samples", () => {
  for (const options of [{ width: 0 }, { height: 0 }, { samples: [] }]) {
    const { context } = draw(options);
    assert.deepEqual([context.calls, context.points, context.ticks], [[], [], []]);
  }
});

Deno.test("WaveformCanvas draws one sweep with a gap before its oldest sample", () => {
  for (const [vital, mmPerS] of [["pulse", 25], ["breathing", 6.25]] as const) {
    const { context } = draw({ vital });
    const { points } = context;
    assert.deepEqual(context.calls, ["beginPath", "stroke 2 round red"]);
    const seconds = (400 - 18) / pxPerS(mmPerS);
    assert(Math.abs(points.length - seconds * 30) <= 1, `${vital}: ${points.length} samples`);
    // The line begins, and begins again at the left edge.
    const starts = points.filter(({ isLine }) => !isLine).length;
    assert(starts === 1 || starts === 2, `${starts}`);
    for (const [at, { x, isLine }] of points.entries()) {
      assert(x >= 0 && x < 400);
      if (!isLine) continue;
      assert(Math.abs(x - points[at - 1]!.x - pxPerS(mmPerS) / 30) < 0.01, `sample ${at}`);
    }
  }
});

Deno.test("WaveformCanvas scales a waveform to the height above the axis", () => {
  const { context } = draw({ height: 120 });
  const rows = context.points.map(({ y }) => y);
  // Margins of 4 pixels, and an axis of 16.
  assert(Math.abs(Math.min(...rows) - 4) < 0.5 && Math.abs(Math.max(...rows) - 100) < 0.5);
  // The last sample is not drawn yet.
  const rising = draw({
    samples: [0, 1, 2, 3, 6].map((k) => ({ timestamp: START_US + 9e6 + k * 1e5, value: k })),
  });
  assert.deepEqual(rising.context.points.map(({ y }) => y), [100, 68, 36, 4]);
});

Deno.test("WaveformCanvas draws no line of a constant waveform, and none over a pause", () => {
  const constant = [0, 1, 2, 5].map((k) => ({ timestamp: START_US + 9e6 + k * 1e5, value: 5 }));
  assert.deepEqual(draw({ samples: constant }).context.points, []);
  const pause = [0, 1, 9, 10, 13].map((k) => ({ timestamp: START_US + 8e6 + k * 1e5, value: k }));
  assert.deepEqual(draw({ samples: pause }).context.points.map(({ isLine }) => isLine), [
    false,
    true,
    false,
    true,
  ]);
});

Deno.test("WaveformCanvas has a mark of each second, and a label of each second or fifth one", () => {
  for (const [vital, mmPerS, everyS] of [["pulse", 25, 2], ["breathing", 6.25, 5]] as const) {
    const { context } = draw({ vital, endS: 62.3 });
    const toS = 62; // the newest samples are drawn 0.3 s late
    const fromS = toS - (400 - 18) / pxPerS(mmPerS);
    const seconds: number[] = [];
    for (let second = Math.ceil(fromS); second <= toS; second++) seconds.push(second);
    assert.equal(context.ticks.length, seconds.length, vital);
    for (const [at, second] of seconds.entries()) {
      const { x, y, height } = context.ticks[at]!;
      const epochS = START_US / 1e6 + second;
      assert(Math.abs(x - (epochS * pxPerS(mmPerS)) % 400) < 0.1);
      assert.deepEqual([y, height], [104, second % everyS === 0 ? 6 : 3]);
    }
    const labelled = seconds.filter((second) => second % everyS === 0);
    assert.equal(context.labels.length, labelled.length);
    for (const [at, second] of labelled.entries()) {
      const { text, x, y } = context.labels[at]!;
      if (second % 60 === 0) assert.match(text, /^\d+:\d\d:00$/);
      else assert.equal(text, `:${String(second % 60).padStart(2, "0")}`);
      const mark = context.ticks[seconds.indexOf(second)]!;
      assert.deepEqual([x, y], [mark.x + 3, 117]);
    }
  }
});
