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
import { Canvas, type Ink } from "./overlay_canvas.ts";
import { GLYPH } from "./overlay_font.ts";

const WHITE: Ink = [235, 128, 128];
const GREY: Ink = [150, 128, 128];
const GREEN: Ink = [170, 84, 70];
const RED: Ink = [130, 110, 200];
const BLUE: Ink = [165, 165, 80];

/** The outlines that are drawn; the whole skin and the background would only clutter the face. */
const OUTLINED: ReadonlySet<RegionName> = new Set([
  "glabella",
  "forehead",
  "left_cheek",
  "right_cheek",
]);

/** How much of the traces shows, in microseconds. */
const SPAN_US = { pulse: 8_000_000, breathing: 24_000_000 } as const;
/** Height of the strip that the traces are drawn on, as a share of the picture's. */
const STRIP = 0.26;

/** A trace of the last seconds; a late correction takes the place of what it corrects. */
class Trace {
  #samples: Sample[] = [];

  constructor(readonly spanUs: number) {}

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  add(samples: readonly Sample[]): void {
    const [first] = samples;
    const last = samples.at(-1);
    if (!first || !last) return;
    const kept = this.#samples.filter(({ timeUs }) =>
      timeUs < first.timeUs && timeUs > last.timeUs - this.spanUs
    );
    this.#samples = [...kept, ...samples];
  }
}

/**
 * Draws what was measured on the published picture: the face and its regions, pulse and breathing
 * as curves, and the rates with their confidence, or why there is none.
 *
 * @example
 * ```ts
 * const hud = new Hud();
 * hud.update(estimate);
 * const jpeg = await encoder.encode(hud.draw(frame.image, sample));
 * ```
 */
export class Hud {
  readonly #pulse = new Trace(SPAN_US.pulse);
  readonly #breathing = new Trace(SPAN_US.breathing);
  #estimate: VitalsEstimate | undefined;
  #buffer = new Uint8Array(0);

  /** Takes a new estimate, whose traces hold only what is newer than the last. */
  update(estimate: VitalsEstimate): void {
    this.#estimate = estimate;
    this.#pulse.add(estimate.pulse.trace);
    this.#breathing.add(estimate.breathing.upperTrace);
  }

  /**
   * The picture with the drawing on it. Its planes are the HUD's own, until the next call.
   *
   * @param sample what vision measured on this picture.
   */
  draw(picture: Image, sample: RegionSample | undefined): Image {
    const bytes = Canvas.bytesOf(picture);
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(bytes);
    const canvas = new Canvas(picture, this.#buffer);
    const scale = Math.max(1, Math.round(picture.height / 240));
    if (sample?.face) drawFace(canvas, sample.face, scale);
    const { height, width } = picture;
    const top = Math.round(height * (1 - STRIP));
    const half = Math.floor(width / 2);
    canvas.dim(0, top, { width, height: height - top });
    const panel = { top, width: half, height: height - top, scale };
    const estimate = this.#estimate;
    drawPanel(canvas, {
      ...panel,
      left: 0,
      name: "PULSE",
      ink: RED,
      reading: estimate?.pulse,
      digits: 0,
      trace: this.#pulse,
    });
    drawPanel(canvas, {
      ...panel,
      left: half,
      name: "BREATH",
      ink: BLUE,
      reading: estimate?.breathing,
      digits: 1,
      trace: this.#breathing,
    });
    if (estimate && estimate.condition !== "OK") drawCondition(canvas, estimate.condition, scale);
    return canvas.picture;
  }
}

function drawFace(canvas: Canvas, face: FaceObservation, scale: number): void {
  const place = toPixels(face, canvas.picture);
  const { x: left, y: top } = place.box;
  const right = left + place.box.width, bottom = top + place.box.height;
  canvas.outline([[left, top], [right, top], [right, bottom], [left, bottom]], {
    thickness: scale,
    ink: GREEN,
  });
  for (const { region, centre, halfAxes: [a, b] } of regionShapes(place, canvas.picture)) {
    const name = REGION_NAMES[region];
    if (!name || !OUTLINED.has(name)) continue;
    const point = (p: number, q: number) =>
      [centre.x + p * a.x + q * b.x, centre.y + p * a.y + q * b.y] as const;
    canvas.outline([point(-1, -1), point(1, -1), point(1, 1), point(-1, 1)], {
      thickness: 1,
      ink: GREY,
    });
  }
}

interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly name: string;
  readonly ink: Ink;
  readonly reading: { readonly strict?: Strict; readonly withheld?: Withheld } | undefined;
  readonly digits: number;
  readonly trace: Trace;
}

/** A name and a rate over a curve. */
function drawPanel(canvas: Canvas, panel: Panel): void {
  const { left, top, width, height, scale, reading, name, digits, ink } = panel;
  const gap = 3 * scale;
  const line = { left: left + gap, top: top + gap, scale };
  const strict = reading?.strict;
  if (strict) {
    const value = strict.value.toFixed(digits);
    const large = { ...line, scale: 2 * scale };
    canvas.text(value, { ...large, ink: WHITE });
    const beside = line.left + Canvas.widthOf(value, large.scale) + 2 * gap;
    canvas.text(name, { ...line, left: beside, ink });
    const sure = `${Math.round(100 * strict.confidence)}%`;
    const below = line.top + (GLYPH.height + 1) * scale;
    canvas.text(sure, { ...line, left: beside, top: below, ink: GREY });
  } else {
    canvas.text(name, { ...line, ink });
    const why = (reading?.withheld ?? "warming_up").replaceAll("_", " ");
    canvas.text(why, { ...line, top: line.top + (GLYPH.height + 1) * scale, ink: GREY });
  }
  const head = 2 * (GLYPH.height + 1) * scale + gap;
  drawTrace(canvas, panel.trace, {
    left: left + gap,
    top: top + head + gap,
    width: width - 2 * gap,
    height: height - head - 2 * gap,
    ink,
    thickness: scale,
  });
}

function drawTrace(
  canvas: Canvas,
  { samples, spanUs }: Trace,
  { left, top, width, height, ink, thickness }: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly ink: Ink;
    readonly thickness: number;
  },
): void {
  const last = samples.at(-1);
  if (!last || samples.length < 2 || height < 4) return;
  let low = Infinity, high = -Infinity;
  for (const { value } of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const rowOf = (value: number) => top + height * (high - value) / (high - low || 1);
  // A column at a time: as many strokes as the picture can show, however many samples there are.
  const firstUs = last.timeUs - spanUs;
  let index = 1;
  let before: number | undefined;
  for (let x = 0; x <= width; x += thickness) {
    const timeUs = firstUs + spanUs * x / width;
    while (index < samples.length - 1 && (samples[index]?.timeUs ?? 0) < timeUs) index++;
    const from = samples[index - 1], to = samples[index];
    if (!from || !to || timeUs < from.timeUs) continue;
    const share = Math.min(1, (timeUs - from.timeUs) / Math.max(1, to.timeUs - from.timeUs));
    const row = rowOf(from.value + share * (to.value - from.value));
    const upper = Math.min(row, before ?? row), lower = Math.max(row, before ?? row);
    canvas.fill(left + x, upper, { width: thickness, height: lower - upper + thickness, ink });
    before = row;
  }
}

/** The condition in words, on top, where it does not hide the face's curves. */
function drawCondition(canvas: Canvas, condition: string, scale: number): void {
  const words = condition.replaceAll("_", " ");
  const gap = 3 * scale;
  const width = Canvas.widthOf(words, scale);
  const left = Math.max(0, (canvas.picture.width - width) / 2);
  canvas.dim(left - gap, 0, { width: width + 2 * gap, height: GLYPH.height * scale + 2 * gap });
  canvas.text(words, { left, top: gap, scale, ink: WHITE });
}
