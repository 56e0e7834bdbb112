import type { Image } from "../../src/capture/frame.ts";

/** Left, top, right and bottom as fractions of the image. */
export type Edges = readonly [left: number, top: number, right: number, bottom: number];

/** Mean red, green and blue of a rectangle of a BT.601 image. */
export function meanRgb(
  { y, u, v, width, height, yStride, uvStride, chromaShiftX, chromaShiftY, color }: Image,
  [left, top, right, bottom]: Edges,
): [red: number, green: number, blue: number] {
  const mean = (plane: Uint8Array, [w, h, stride]: [number, number, number]) => {
    let sum = 0, count = 0;
    for (let row = Math.round(top * h); row < Math.round(bottom * h); row++) {
      for (let x = Math.round(left * w); x < Math.round(right * w); x++, count++) {
        sum += plane[row * stride + x]!;
      }
    }
    return sum / count;
  };
  const uv: [number, number, number] = [
    (width + chromaShiftX) >> chromaShiftX,
    (height + chromaShiftY) >> chromaShiftY,
    uvStride,
  ];
  const full = color.range === "full";
  const luma = (mean(y, [width, height, yStride]) - (full ? 0 : 16)) * (full ? 1 : 255 / 219);
  const [cb, cr] = [u!, v!].map((plane) => (mean(plane, uv) - 128) * (full ? 1 : 255 / 224));
  return [luma + 1.402 * cr!, luma - 0.344136 * cb! - 0.714136 * cr!, luma + 1.772 * cb!];
}

/** Pearson's correlation coefficient of two series of equal length. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (x: readonly number[]) => x.reduce((sum, value) => sum + value) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0, aa = 0, bb = 0;
  for (const [i, value] of a.entries()) {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
