import type { Image } from "../capture/frame.ts";
import { GLYPH, glyphOf } from "./overlay_font.ts";

/** A colour as JPEG counts it: Y, U and V in 0..255. */
export type Ink = readonly [y: number, u: number, v: number];

/** Draws on a copy of a picture's planes, and touches only the pixels that it draws. */
export class Canvas {
  readonly #y: Uint8Array<ArrayBuffer>;
  readonly #u: Uint8Array<ArrayBuffer> | undefined;
  readonly #v: Uint8Array<ArrayBuffer> | undefined;
  readonly picture: Image;

  /** @param buffer where the copy lies, reused where it is large enough. */
  constructor(source: Image, buffer: Uint8Array<ArrayBuffer>) {
    const { y, u, v } = source;
    this.#y = buffer.subarray(0, y.length);
    this.#y.set(y);
    this.#u = u && buffer.subarray(y.length, y.length + u.length);
    this.#v = u && v && buffer.subarray(y.length + u.length, y.length + u.length + v.length);
    if (u) this.#u?.set(u);
    if (v) this.#v?.set(v);
    this.picture = {
      ...source,
      y: this.#y,
      ...(this.#u && this.#v && { u: this.#u, v: this.#v }),
    };
  }

  /** How long a buffer this picture needs. */
  static bytesOf({ y, u, v }: Image): number {
    return y.length + (u?.length ?? 0) + (v?.length ?? 0);
  }

  /** A filled rectangle. */
  fill(left: number, top: number, { width, height, ink }: Area & { ink: Ink }): void {
    const { picture } = this;
    const x0 = Math.max(0, Math.round(left)), y0 = Math.max(0, Math.round(top));
    const x1 = Math.min(picture.width, Math.round(left + width));
    const y1 = Math.min(picture.height, Math.round(top + height));
    if (!(x1 > x0 && y1 > y0)) return;
    const [luma, cu, cv] = this.#encode(ink);
    fillRows(this.#y, picture.yStride, [x0, y0, x1, y1], luma);
    if (!this.#u || !this.#v) return;
    const cells = this.#chromaOf([x0, y0, x1, y1]);
    fillRows(this.#u, picture.uvStride, cells, cu);
    fillRows(this.#v, picture.uvStride, cells, cv);
  }

  /** Takes light and colour out of a rectangle, so that what is drawn on it can be read. */
  dim(left: number, top: number, { width, height }: Area): void {
    const { picture } = this;
    const x0 = Math.max(0, Math.round(left)), y0 = Math.max(0, Math.round(top));
    const x1 = Math.min(picture.width, Math.round(left + width));
    const y1 = Math.min(picture.height, Math.round(top + height));
    const black = picture.color.range === "limited" ? 16 : 0;
    pullRows(this.#y, picture.yStride, [x0, y0, x1, y1], { toward: black, share: DIMMED_LIGHT });
    if (!this.#u || !this.#v) return;
    const cells = this.#chromaOf([x0, y0, x1, y1]);
    pullRows(this.#u, picture.uvStride, cells, { toward: 128, share: DIMMED_COLOR });
    pullRows(this.#v, picture.uvStride, cells, { toward: 128, share: DIMMED_COLOR });
  }

  /** A straight line, `thickness` pixels thick. */
  line(
    from: readonly [number, number],
    to: readonly [number, number],
    { thickness, ink }: Stroke,
  ): void {
    const [x0, y0] = from, [x1, y1] = to;
    if (![x0, y0, x1, y1].every(Number.isFinite)) return;
    const { width, height } = this.picture;
    const steps = Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)));
    if (steps > 4 * (width + height)) return; // far beyond the picture: nothing of it would show
    const half = thickness / 2;
    const area = { width: thickness, height: thickness, ink };
    for (let step = 0; step <= steps; step++) {
      const share = steps ? step / steps : 0;
      this.fill(x0 + share * (x1 - x0) - half, y0 + share * (y1 - y0) - half, area);
    }
  }

  /** A closed outline. */
  outline(points: readonly (readonly [number, number])[], stroke: Stroke): void {
    points.forEach((point, index) => {
      const next = points[(index + 1) % points.length];
      if (next) this.line(point, next, stroke);
    });
  }

  /** A row of letters, `scale` pixels a dot, its upper left corner at `left`, `top`. */
  text(words: string, { left, top, scale, ink }: TextPlace): void {
    let x = left;
    for (const letter of words) {
      glyphOf(letter).forEach((bits, row) =>
        this.#glyphRow(bits, { x, y: top + row * scale, scale, ink })
      );
      x += (GLYPH.width + 1) * scale;
    }
  }

  /** How wide a text is, in pixels. */
  static widthOf(words: string, scale: number): number {
    return Math.max(0, (words.length * (GLYPH.width + 1) - 1) * scale);
  }

  /** Dots that touch are one rectangle. */
  #glyphRow(
    bits: number,
    { x, y, scale, ink }: { x: number; y: number; scale: number; ink: Ink },
  ): void {
    for (let column = 0; column < GLYPH.width; column++) {
      let run = 0;
      while ((bits >> (GLYPH.width - 1 - column - run)) & 1 && column + run < GLYPH.width) run++;
      if (run === 0) continue;
      this.fill(x + column * scale, y, { width: run * scale, height: scale, ink });
      column += run;
    }
  }

  #chromaOf([x0, y0, x1, y1]: Edges): Edges {
    const { chromaShiftX: right, chromaShiftY: down } = this.picture;
    return [x0 >> right, y0 >> down, ((x1 - 1) >> right) + 1, ((y1 - 1) >> down) + 1];
  }

  #encode(ink: Ink): Ink {
    return this.picture.color.range === "full" ? ink : limited(ink);
  }
}

/** Left, top, right and bottom; the last two lie outside. */
type Edges = readonly [x0: number, y0: number, x1: number, y1: number];

/** What is left behind a text, in sixteenths. */
const DIMMED_LIGHT = 5;
const DIMMED_COLOR = 8;

function fillRows(
  plane: Uint8Array<ArrayBuffer>,
  stride: number,
  [x0, y0, x1, y1]: Edges,
  value: number,
): void {
  for (let y = y0; y < y1; y++) {
    const end = y * stride + x1;
    for (let at = y * stride + x0; at < end; at++) plane[at] = value;
  }
}

function pullRows(
  plane: Uint8Array<ArrayBuffer>,
  stride: number,
  [x0, y0, x1, y1]: Edges,
  { toward, share }: { toward: number; share: number },
): void {
  for (let y = y0; y < y1; y++) {
    const end = y * stride + x1;
    for (let at = y * stride + x0; at < end; at++) {
      plane[at] = toward + (((plane[at] ?? 0) - toward) * share >> 4);
    }
  }
}

function limited([y, u, v]: Ink): Ink {
  const chroma = (value: number) => Math.round(128 + (value - 128) * 224 / 255);
  return [Math.round(16 + y * 219 / 255), chroma(u), chroma(v)];
}

interface Area {
  readonly width: number;
  readonly height: number;
}

interface Stroke {
  readonly thickness: number;
  readonly ink: Ink;
}

interface TextPlace {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
  readonly ink: Ink;
}
