import type { ColorEncoding, Image } from "../../src/capture/frame.ts";

export interface PaintOptions {
  readonly width: number;
  readonly height: number;
  /** @default 1, and `chromaShiftY` the same */
  readonly chromaShiftX?: 0 | 1;
  readonly chromaShiftY?: 0 | 1;
  readonly color?: ColorEncoding;
}

/** Returns Y, U and V at a position in luma pixels; the values are rounded and clamped to bytes. */
export type Painter = (x: number, y: number) => readonly [y: number, u: number, v: number];

const byte = (value: number) => Math.max(0, Math.min(255, Math.round(value)));

/** An image whose samples are the painter's values at their centers. */
export function paint(options: PaintOptions, painter: Painter): Image {
  const { width, height, chromaShiftX = 1, chromaShiftY = 1 } = options;
  const { color = { range: "full", matrix: "bt601" } as const } = options;
  const uvWidth = (width + chromaShiftX) >> chromaShiftX;
  const uvHeight = (height + chromaShiftY) >> chromaShiftY;
  const luma = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) luma[y * width + x] = byte(painter(x + 0.5, y + 0.5)[0]);
  }
  const u = new Uint8Array(uvWidth * uvHeight);
  const v = new Uint8Array(uvWidth * uvHeight);
  for (let y = 0; y < uvHeight; y++) {
    for (let x = 0; x < uvWidth; x++) {
      const at = [(x + 0.5) * (1 << chromaShiftX), (y + 0.5) * (1 << chromaShiftY)] as const;
      const [, cu, cv] = painter(...at);
      u[y * uvWidth + x] = byte(cu);
      v[y * uvWidth + x] = byte(cv);
    }
  }
  return {
    width,
    height,
    y: luma,
    u,
    v,
    yStride: width,
    uvStride: uvWidth,
    chromaShiftX,
    chromaShiftY,
    color,
  };
}

/** The image without its chroma planes. */
export function grey({ u: _u, v: _v, ...rest }: Image): Image {
  return rest;
}
