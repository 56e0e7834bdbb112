import type { Image } from "../capture/frame.ts";
import { regionShapes, toPixels } from "../vision/layout.ts";
import {
  type FaceObservation,
  REGION_NAMES,
  type RegionName,
  type RegionSample,
} from "../vision/region_sample.ts";
import type { Sample, Strict, VitalsEstimate } from "../vitals/estimate.ts";
import type { Withheld } from "../vitals/withheld.ts";
import { Canvas, type YuvColor } from "./overlay_canvas.ts";
import { GLYPH_SIZE } from "./overlay_font.ts";

const WHITE: YuvColor = [235, 128, 128];
const GRAY: YuvColor = [150, 128, 128];
const GREEN: YuvColor = [170, 84, 70];
const RED: YuvColor = [130, 110, 200];
const BLUE: YuvColor = [165, 165, 80];

/** Regions whose outlines are drawn. More outlines would hide the face. */
const OUTLINED_REGIONS: ReadonlySet<RegionName> = new Set([
  "glabella",
  "forehead",
  "left_cheek",
  "right_cheek",
]);

/** Visible duration of the traces, in microseconds. Chosen. */
const TRACE_DURATION_US = { pulse: 8_000_000, breathing: 24_000_000 } as const;
/** Height of the panels as a fraction of the image height. Chosen. */
const PANEL_HEIGHT = 0.26;

/** The last samples of a trace. Samples that arrive again replace the earlier ones. */
class TraceBuffer {
  #samples: Sample[] = [];

  constructor(readonly durationUs: number) {}

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  add(samples: readonly Sample[]): void {
    const [first] = samples;
    const last = samples.at(-1);
    if (!first || !last) return;
    const kept = this.#samples.filter(({ timeUs }) =>
      timeUs < first.timeUs && timeUs > last.timeUs - this.durationUs
    );
    this.#samples = [...kept, ...samples];
  }
}

/**
 * Overlay (HUD) on the published frames: the outlines of the face and its regions, the traces of
 * pulse and breathing, and their rates with the confidence, or the reason why a rate is withheld.
 *
 * @example
 * ```ts
 * const overlay = new Overlay();
 * overlay.update(estimate);
 * const jpeg = await encoder.encode(overlay.draw(frame.image, sample));
 * ```
 */
export class Overlay {
  readonly #pulse = new TraceBuffer(TRACE_DURATION_US.pulse);
  readonly #breathing = new TraceBuffer(TRACE_DURATION_US.breathing);
  #estimate: VitalsEstimate | undefined;
  #buffer = new Uint8Array(0);

  /** Sets the estimate to draw; the samples of its traces follow those of the previous one. */
  update(estimate: VitalsEstimate): void {
    this.#estimate = estimate;
    this.#pulse.add(estimate.pulse.trace);
    this.#breathing.add(estimate.breathing.upperTrace);
  }

  /**
   * Returns a copy of the image with the overlay. The next call overwrites the copy.
   *
   * @param sample Measurements of this image.
   */
  draw(image: Image, sample: RegionSample | undefined): Image {
    const bytes = Canvas.bytesOf(image);
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(bytes);
    const canvas = new Canvas(image, this.#buffer);
    const scale = Math.max(1, Math.round(image.height / 240));
    if (sample?.face) drawFace(canvas, sample.face, scale);
    const { height, width } = image;
    const top = Math.round(height * (1 - PANEL_HEIGHT));
    const half = Math.floor(width / 2);
    canvas.dim(0, top, { width, height: height - top });
    const panel = { top, width: half, height: height - top, scale };
    const estimate = this.#estimate;
    drawPanel(canvas, {
      ...panel,
      left: 0,
      title: "PULSE",
      color: RED,
      rate: estimate?.pulse,
      decimals: 0,
      trace: this.#pulse,
    });
    drawPanel(canvas, {
      ...panel,
      left: half,
      title: "BREATH",
      color: BLUE,
      rate: estimate?.breathing,
      decimals: 1,
      trace: this.#breathing,
    });
    if (estimate && estimate.condition !== "OK") drawCondition(canvas, estimate.condition, scale);
    return canvas.image;
  }
}

function drawFace(canvas: Canvas, face: FaceObservation, scale: number): void {
  const pixelFace = toPixels(face, canvas.image);
  const { x: left, y: top, width, height } = pixelFace.box;
  const right = left + width, bottom = top + height;
  canvas.outline([[left, top], [right, top], [right, bottom], [left, bottom]], {
    thickness: scale,
    color: GREEN,
  });
  for (const { region, centre, halfAxes: [a, b] } of regionShapes(pixelFace, canvas.image)) {
    const name = REGION_NAMES[region];
    if (!name || !OUTLINED_REGIONS.has(name)) continue;
    const corner = (p: number, q: number) =>
      [centre.x + p * a.x + q * b.x, centre.y + p * a.y + q * b.y] as const;
    canvas.outline([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)], {
      thickness: 1,
      color: GRAY,
    });
  }
}

/** Area in pixels. */
interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Area and content of one vital sign. */
interface Panel extends Rectangle {
  /** Pixels per dot of the font. */
  readonly scale: number;
  readonly title: string;
  readonly color: YuvColor;
  readonly rate: { readonly strict?: Strict; readonly withheld?: Withheld } | undefined;
  readonly decimals: number;
  readonly trace: TraceBuffer;
}

/** Draws the title and the rate above the trace. */
function drawPanel(canvas: Canvas, panel: Panel): void {
  const { left, top, width, height, scale, rate, title, decimals, color } = panel;
  const margin = 3 * scale;
  const position = { left: left + margin, top: top + margin, scale };
  const secondRow = position.top + (GLYPH_SIZE.height + 1) * scale;
  const strict = rate?.strict;
  if (strict) {
    const value = strict.value.toFixed(decimals);
    const large = { ...position, scale: 2 * scale };
    canvas.text(value, { ...large, color: WHITE });
    const right = position.left + Canvas.widthOf(value, large.scale) + 2 * margin;
    canvas.text(title, { ...position, left: right, color });
    const confidence = `${Math.round(100 * strict.confidence)}%`;
    canvas.text(confidence, { ...position, left: right, top: secondRow, color: GRAY });
  } else {
    canvas.text(title, { ...position, color });
    const reason = (rate?.withheld ?? "warming_up").replaceAll("_", " ");
    canvas.text(reason, { ...position, top: secondRow, color: GRAY });
  }
  const headerHeight = 2 * (GLYPH_SIZE.height + 1) * scale + margin;
  const area = {
    left: left + margin,
    top: top + headerHeight + margin,
    width: width - 2 * margin,
    height: height - headerHeight - 2 * margin,
  };
  drawTrace(canvas, panel.trace, { area, color, thickness: scale });
}

/** Draws a trace, scaled to the height of the area. */
function drawTrace(
  canvas: Canvas,
  { samples, durationUs }: TraceBuffer,
  { area: { left, top, width, height }, color, thickness }: {
    readonly area: Rectangle;
    readonly color: YuvColor;
    readonly thickness: number;
  },
): void {
  const last = samples.at(-1);
  if (!last || samples.length < 2 || height < 4) return;
  let min = Infinity, max = -Infinity;
  for (const { value } of samples) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const rowOf = (value: number) => top + height * (max - value) / (max - min || 1);
  // One rectangle per column, so that the cost does not depend on the number of samples.
  const firstUs = last.timeUs - durationUs;
  let index = 1;
  let previousRow: number | undefined;
  for (let x = 0; x <= width; x += thickness) {
    const timeUs = firstUs + durationUs * x / width;
    while (index < samples.length - 1 && (samples[index]?.timeUs ?? 0) < timeUs) index++;
    const from = samples[index - 1], to = samples[index];
    if (!from || !to || timeUs < from.timeUs) continue;
    const fraction = Math.min(1, (timeUs - from.timeUs) / Math.max(1, to.timeUs - from.timeUs));
    const row = rowOf(from.value + fraction * (to.value - from.value));
    const upper = Math.min(row, previousRow ?? row), lower = Math.max(row, previousRow ?? row);
    canvas.fill(left + x, upper, { width: thickness, height: lower - upper + thickness, color });
    previousRow = row;
  }
}

/** Draws the name of the condition at the top, outside the panels. */
function drawCondition(canvas: Canvas, condition: string, scale: number): void {
  const text = condition.replaceAll("_", " ");
  const margin = 3 * scale;
  const width = Canvas.widthOf(text, scale);
  const left = Math.max(0, (canvas.image.width - width) / 2);
  const height = GLYPH_SIZE.height * scale + 2 * margin;
  canvas.dim(left - margin, 0, { width: width + 2 * margin, height });
  canvas.text(text, { left, top: margin, scale, color: WHITE });
}
