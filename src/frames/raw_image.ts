import type { Image } from "../capture/frame.ts";

/** How ffmpeg names a picture's samples, once its planes stand one behind the other. */
export interface RawFormat {
  readonly width: number;
  readonly height: number;
  /** ffmpeg's pixel format; its `j` formats are those of full range. */
  readonly pixelFormat: string;
  readonly matrix: "bt601" | "bt709";
  /** Size of one picture. */
  readonly bytes: number;
}

/** Names what `packPicture` gives for this picture. */
export function rawFormatOf({ width, height, u, chromaShiftX, chromaShiftY, color }: Image) {
  const family = color.range === "full" ? "yuvj" : "yuv";
  const sampling = chromaShiftY ? (chromaShiftX ? "420" : "440") : chromaShiftX ? "422" : "444";
  const uvWidth = (width + chromaShiftX) >> chromaShiftX;
  const uvHeight = (height + chromaShiftY) >> chromaShiftY;
  return {
    width,
    height,
    pixelFormat: u ? `${family}${sampling}p` : "gray",
    matrix: u ? color.matrix : "bt601",
    bytes: width * height + (u ? 2 * uvWidth * uvHeight : 0),
  } satisfies RawFormat;
}

/** Copies the planes one behind the other, without what lies between their rows. */
export function packPicture(picture: Image, into: Uint8Array<ArrayBuffer>): void {
  const { width, height, y, u, v, yStride, uvStride, chromaShiftX, chromaShiftY } = picture;
  const uv = {
    width: (width + chromaShiftX) >> chromaShiftX,
    height: (height + chromaShiftY) >> chromaShiftY,
    stride: uvStride,
  };
  let offset = packPlane(y, { width, height, stride: yStride, into, offset: 0 });
  for (const plane of [u, v]) {
    if (plane) offset = packPlane(plane, { ...uv, into, offset });
  }
}

function packPlane(
  plane: Uint8Array<ArrayBuffer>,
  { width, height, stride, into, offset }: {
    width: number;
    height: number;
    stride: number;
    into: Uint8Array<ArrayBuffer>;
    offset: number;
  },
): number {
  if (stride === width) {
    into.set(plane.subarray(0, width * height), offset);
    return offset + width * height;
  }
  for (let row = 0; row < height; row++, offset += width) {
    into.set(plane.subarray(row * stride, row * stride + width), offset);
  }
  return offset;
}
