import type { Image } from "../capture/frame.ts";
import { GLYPH_SIZE, glyphOf } from "./overlay_font.ts";

/** Full-range Y, U and V (JPEG), each 0 to 255. */
export type YuvColor = readonly [y: number, u: number, v: number];

/** Position in pixels. */
export type CanvasPoint = readonly [x: number, y: number];

interface RectangleSize {
  readonly width: number;
  readonly height: number;
}

/** Pixel bounds of a rectangle; the right and the bottom bound are exclusive. */
type Bounds = readonly [left: number, top: number, right: number, bottom: number];

interface LineStyle {
  /** In pixels. */
  readonly thickness: number;
  readonly color: YuvColor;
}

interface TextStyle {
  readonly left: number;
  readonly top: number;
  /** Pixels per dot of the font. */
  readonly scale: number;
  readonly color: YuvColor;
}

/** Fraction of luma and chroma that remains in a dimmed area, in sixteenths. Chosen. */
const DIMMED_LUMA = 5;
const DIMMED_CHROMA = 8;

/** Draws on a copy of an image, in pixels from its upper left corner; clips what is outside. */
export class Canvas {
  readonly #y: Uint8Array<ArrayBuffer>;
  readonly #u: Uint8Array<ArrayBuffer> | undefined;
  readonly #v: Uint8Array<ArrayBuffer> | undefined;
  /** The copy, whose planes are in the buffer. */
  readonly image: Image;

  /** @param buffer Memory for the copy, at least `bytesOf(source)` long. */
  constructor(source: Image, buffer: Uint8Array<ArrayBuffer>) {
    const { y, u, v } = source;
    this.#y = buffer.subarray(0, y.length);
    this.#y.set(y);
    this.#u = u && buffer.subarray(y.length, y.length + u.length);
    this.#v = u && v && buffer.subarray(y.length + u.length, y.length + u.length + v.length);
    if (u) this.#u?.set(u);
    if (v) this.#v?.set(v);
    this.image = {
      ...source,
      y: this.#y,
      ...(this.#u && this.#v && { u: this.#u, v: this.#v }),
    };
  }

  /** Returns the length of the buffer that a copy of the image needs. */
  static bytesOf({ y, u, v }: Image): number {
    return y.length + (u?.length ?? 0) + (v?.length ?? 0);
  }

  /** Returns the width of a text in pixels. */
  static widthOf(text: string, scale: number): number {
    return Math.max(0, (text.length * (GLYPH_SIZE.width + 1) - 1) * scale);
  }

  /** Fills a rectangle. */
  fill(
    left: number,
    top: number,
    { width, height, color }: RectangleSize & { readonly color: YuvColor },
  ): void {
    const bounds = this.#clip(left, top, { width, height });
    const [x0, y0, x1, y1] = bounds;
    if (!(x1 > x0 && y1 > y0)) return;
    const { yStride, uvStride } = this.image;
    const [y, u, v] = this.image.color.range === "full" ? color : toLimitedRange(color);
    fillRows(this.#y, yStride, bounds, y);
    if (!this.#u || !this.#v) return;
    const chromaBounds = this.#chromaBounds(bounds);
    fillRows(this.#u, uvStride, chromaBounds, u);
    fillRows(this.#v, uvStride, chromaBounds, v);
  }

  /** Darkens and desaturates a rectangle, so that drawings on it are legible. */
  dim(left: number, top: number, size: RectangleSize): void {
    const bounds = this.#clip(left, top, size);
    const { yStride, uvStride } = this.image;
    const black = this.image.color.range === "limited" ? 16 : 0;
    blendRows(this.#y, yStride, bounds, { target: black, sixteenths: DIMMED_LUMA });
    if (!this.#u || !this.#v) return;
    const chromaBounds = this.#chromaBounds(bounds);
    blendRows(this.#u, uvStride, chromaBounds, { target: 128, sixteenths: DIMMED_CHROMA });
    blendRows(this.#v, uvStride, chromaBounds, { target: 128, sixteenths: DIMMED_CHROMA });
  }

  /** Draws a straight line; nothing if a coordinate is not finite. */
  line(from: CanvasPoint, to: CanvasPoint, { thickness, color }: LineStyle): void {
    const [x0, y0] = from, [x1, y1] = to;
    if (![x0, y0, x1, y1].every(Number.isFinite)) return;
    const { width, height } = this.image;
    const steps = Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)));
    if (steps > 4 * (width + height)) return; // bounds the cost of a wrong face box
    const half = thickness / 2;
    const square = { width: thickness, height: thickness, color };
    for (let step = 0; step <= steps; step++) {
      const fraction = steps ? step / steps : 0;
      this.fill(x0 + fraction * (x1 - x0) - half, y0 + fraction * (y1 - y0) - half, square);
    }
  }

  /** Draws a closed polygon. */
  outline(points: readonly CanvasPoint[], style: LineStyle): void {
    points.forEach((point, index) => {
      const next = points[(index + 1) % points.length];
      if (next) this.line(point, next, style);
    });
  }

  /** Draws one line of text. */
  text(text: string, { left, top, scale, color }: TextStyle): void {
    let x = left;
    for (const character of text) {
      glyphOf(character).forEach((dots, row) =>
        this.#glyphRow(dots, { left: x, top: top + row * scale, scale, color })
      );
      x += (GLYPH_SIZE.width + 1) * scale;
    }
  }

  /** Draws one row of a glyph; adjacent dots are filled as one rectangle. */
  #glyphRow(dots: number, { left, top, scale, color }: TextStyle): void {
    const columns = GLYPH_SIZE.width;
    for (let column = 0; column < columns; column++) {
      let length = 0;
      while ((dots >> (columns - 1 - column - length)) & 1 && column + length < columns) length++;
      if (length === 0) continue;
      this.fill(left + column * scale, top, { width: length * scale, height: scale, color });
      column += length;
    }
  }

  /** Rounds a rectangle to pixels and limits it to the image. */
  #clip(left: number, top: number, { width, height }: RectangleSize): Bounds {
    return [
      Math.max(0, Math.round(left)),
      Math.max(0, Math.round(top)),
      Math.min(this.image.width, Math.round(left + width)),
      Math.min(this.image.height, Math.round(top + height)),
    ];
  }

  /** Converts bounds from luma to chroma samples. */
  #chromaBounds([left, top, right, bottom]: Bounds): Bounds {
    const { chromaShiftX, chromaShiftY } = this.image;
    return [
      left >> chromaShiftX,
      top >> chromaShiftY,
      ((right - 1) >> chromaShiftX) + 1,
      ((bottom - 1) >> chromaShiftY) + 1,
    ];
  }
}

function fillRows(
  plane: Uint8Array<ArrayBuffer>,
  stride: number,
  [left, top, right, bottom]: Bounds,
  value: number,
): void {
  for (let row = top; row < bottom; row++) {
    const end = row * stride + right;
    for (let i = row * stride + left; i < end; i++) plane[i] = value;
  }
}

/** Blends samples with `target`, keeping `sixteenths` of their difference from it. */
function blendRows(
  plane: Uint8Array<ArrayBuffer>,
  stride: number,
  [left, top, right, bottom]: Bounds,
  { target, sixteenths }: { target: number; sixteenths: number },
): void {
  for (let row = top; row < bottom; row++) {
    const end = row * stride + right;
    for (let i = row * stride + left; i < end; i++) {
      plane[i] = target + (((plane[i] ?? 0) - target) * sixteenths >> 4);
    }
  }
}

/** Converts a colour to limited range (ITU-R BT.601): Y in 16..235, U and V in 16..240. */
function toLimitedRange([y, u, v]: YuvColor): YuvColor {
  const chroma = (value: number) => Math.round(128 + (value - 128) * 224 / 255);
  return [Math.round(16 + y * 219 / 255), chroma(u), chroma(v)];
}
