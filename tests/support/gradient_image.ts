import type { ColorEncoding, Image } from "../../src/capture/frame.ts";

/** An image whose colours change from corner to corner, so that swapped or shifted planes show. */
export function gradientImage(
  width: number,
  height: number,
  { color = { range: "full", matrix: "bt601" }, padding = 0 }: {
    color?: ColorEncoding;
    /** Unused bytes at the end of each row. @default 0 */
    padding?: number;
  } = {},
): Image {
  const uvWidth = (width + 1) >> 1, uvHeight = (height + 1) >> 1;
  const yStride = width + padding, uvStride = uvWidth + padding;
  const plane = (
    [columns, rows, stride]: readonly [number, number, number],
    value: (x: number, y: number) => number,
  ) => {
    const bytes = new Uint8Array(stride * rows).fill(99);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) bytes[y * stride + x] = value(x / columns, y / rows);
    }
    return bytes;
  };
  const uv = [uvWidth, uvHeight, uvStride] as const;
  return {
    width,
    height,
    y: plane([width, height, yStride], (x, y) => 60 + 120 * (x + y) / 2),
    u: plane(uv, (x) => 110 + 30 * x),
    v: plane(uv, (_x, y) => 140 - 30 * y),
    yStride,
    uvStride,
    chromaShiftX: 1,
    chromaShiftY: 1,
    color,
  };
}
