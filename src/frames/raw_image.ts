import type { Image } from "../capture/frame.ts";

/** Format of a packed image, whose planes follow each other without padding, in ffmpeg's terms. */
export interface RawFormat {
  readonly width: number;
  readonly height: number;
  /** ffmpeg's pixel format; the `yuvj` formats have full range. */
  readonly pixelFormat: string;
  readonly matrix: "bt601" | "bt709";
  /** Size of one packed image in bytes. */
  readonly bytes: number;
}

/** Returns the format of the image after {@linkcode packImage}. */
export function rawFormatOf(
  { width, height, u, chromaShiftX, chromaShiftY, color }: Image,
): RawFormat {
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
  };
}

/** Copies the planes of the image into `target`, one after the other and without row padding. */
export function packImage(image: Image, target: Uint8Array<ArrayBuffer>): void {
  const { width, height, y, u, v, yStride, uvStride, chromaShiftX, chromaShiftY } = image;
  const uv = {
    width: (width + chromaShiftX) >> chromaShiftX,
    height: (height + chromaShiftY) >> chromaShiftY,
    stride: uvStride,
  };
  let offset = packPlane(y, { width, height, stride: yStride, target, offset: 0 });
  for (const plane of [u, v]) {
    if (plane) offset = packPlane(plane, { ...uv, target, offset });
  }
}

/** Returns a copy of the image, without row padding. */
export function copyImage(image: Image): Image {
  const { width, height, u, v, chromaShiftX, chromaShiftY } = image;
  const packed = new Uint8Array(rawFormatOf(image).bytes);
  packImage(image, packed);
  const uvStride = (width + chromaShiftX) >> chromaShiftX;
  const uvBytes = uvStride * ((height + chromaShiftY) >> chromaShiftY);
  const start = width * height;
  return {
    ...image,
    y: packed.subarray(0, start),
    ...u && v && {
      u: packed.subarray(start, start + uvBytes),
      v: packed.subarray(start + uvBytes),
    },
    yStride: width,
    uvStride,
  };
}

/** Copies a plane to `offset` and returns the offset of the next one. */
function packPlane(
  plane: Uint8Array<ArrayBuffer>,
  { width, height, stride, target, offset }: {
    width: number;
    height: number;
    stride: number;
    target: Uint8Array<ArrayBuffer>;
    offset: number;
  },
): number {
  if (stride === width) {
    target.set(plane.subarray(0, width * height), offset);
    return offset + width * height;
  }
  for (let row = 0; row < height; row++, offset += width) {
    target.set(plane.subarray(row * stride, row * stride + width), offset);
  }
  return offset;
}
