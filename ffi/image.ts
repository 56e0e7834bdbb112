import { IMAGE } from "./struct_layout.ts";

/** Planar YUV pixels, 8 bits per sample. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array<ArrayBuffer>;
  /** Absent in a grayscale image, as `v`. */
  readonly u?: Uint8Array<ArrayBuffer>;
  readonly v?: Uint8Array<ArrayBuffer>;
  /** Bytes from one row to the next. */
  readonly yStride: number;
  readonly uvStride: number;
  /** log2 of the chroma subsampling. */
  readonly chromaShiftX: 0 | 1;
  readonly chromaShiftY: 0 | 1;
  readonly color: { readonly range: "full" | "limited"; readonly matrix: "bt601" | "bt709" };
}

/** Planar YUV pixels from the native library. */
export interface PlanarImage extends Planes {
  /** Size before scaling. */
  readonly fullWidth: number;
  readonly fullHeight: number;
}

/** Returns the capacity in bytes that the pixels of the `struct ph_image` at the start of `view` need. */
export function pixelBytes(view: DataView): number {
  return view.getInt32(IMAGE.offsets.bytes, true);
}

/**
 * Reads the `struct ph_image` at the start of `view`.
 *
 * @param block the memory of the pixels; the planes of the result are views of it.
 */
export function readImage(view: DataView, block: ArrayBuffer): PlanarImage {
  const read = (field: keyof typeof IMAGE.offsets) => view.getInt32(IMAGE.offsets[field], true);
  const yStride = read("yStride");
  const uvStride = read("uvStride");
  const height = read("height");
  const chromaShiftY = read("chromaShiftY") ? 1 : 0;
  const chromaRows = (height + chromaShiftY) >> chromaShiftY;
  const color = {
    range: read("fullRange") ? "full" : "limited",
    matrix: read("bt709") ? "bt709" : "bt601",
  } as const;
  const grayscale: PlanarImage = {
    width: read("width"),
    height,
    y: new Uint8Array(block, read("yOffset"), yStride * height),
    yStride,
    uvStride,
    chromaShiftX: read("chromaShiftX") ? 1 : 0,
    chromaShiftY,
    color,
    fullWidth: read("fullWidth"),
    fullHeight: read("fullHeight"),
  };
  if (read("uOffset") < 0) return grayscale;
  return {
    ...grayscale,
    u: new Uint8Array(block, read("uOffset"), uvStride * chromaRows),
    v: new Uint8Array(block, read("vOffset"), uvStride * chromaRows),
  };
}

/** An image whose planes follow each other without padding, as native code reads it. */
export interface PackedImage {
  readonly width: number;
  readonly height: number;
  /** `struct ph_image`. */
  readonly layout: Uint8Array<ArrayBuffer>;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** Returns the size in bytes of the pixels of the image after {@linkcode packImage}. */
export function packedBytes({ width, height, u, chromaShiftX, chromaShiftY }: Planes): number {
  if (!u) return width * height;
  const uvWidth = (width + chromaShiftX) >> chromaShiftX;
  const uvHeight = (height + chromaShiftY) >> chromaShiftY;
  return width * height + 2 * uvWidth * uvHeight;
}

/**
 * Copies the planes of the image into `pixels`, one after the other and without row padding.
 *
 * @param pixels has {@linkcode packedBytes} bytes.
 */
export function packImage(image: Planes, pixels: Uint8Array<ArrayBuffer>): PackedImage {
  const { width, height, y, u, v, yStride, uvStride, chromaShiftX, chromaShiftY, color } = image;
  const uvWidth = (width + chromaShiftX) >> chromaShiftX;
  const uvHeight = (height + chromaShiftY) >> chromaShiftY;
  const uv = { width: uvWidth, height: uvHeight, stride: uvStride };
  const uOffset = packPlane(y, { width, height, stride: yStride }, { pixels, offset: 0 });
  const vOffset = u ? packPlane(u, uv, { pixels, offset: uOffset }) : uOffset;
  if (v) packPlane(v, uv, { pixels, offset: vOffset });
  const layout = new DataView(new ArrayBuffer(IMAGE.bytes));
  const write = (field: keyof typeof IMAGE.offsets, value: number) =>
    layout.setInt32(IMAGE.offsets[field], value, true);
  write("width", width);
  write("height", height);
  write("fullWidth", width);
  write("fullHeight", height);
  write("uOffset", u ? uOffset : -1);
  write("vOffset", u ? vOffset : -1);
  write("yStride", width);
  write("uvStride", uvWidth);
  write("chromaShiftX", chromaShiftX);
  write("chromaShiftY", chromaShiftY);
  write("fullRange", color.range === "full" ? 1 : 0);
  write("bt709", color.matrix === "bt709" ? 1 : 0);
  write("bytes", pixels.length);
  return { width, height, layout: new Uint8Array(layout.buffer), pixels };
}

/** Copies a plane to `offset` and returns the offset of the next one. */
function packPlane(
  plane: Uint8Array<ArrayBuffer>,
  { width, height, stride }: { width: number; height: number; stride: number },
  { pixels, offset }: { pixels: Uint8Array<ArrayBuffer>; offset: number },
): number {
  if (stride === width) {
    pixels.set(plane.subarray(0, width * height), offset);
    return offset + width * height;
  }
  for (let row = 0; row < height; row++, offset += width) {
    pixels.set(plane.subarray(row * stride, row * stride + width), offset);
  }
  return offset;
}

/**
 * A pool of memory blocks for pixels. Allocating a new block for each of 30 frames per second would
 * keep the garbage collector busy.
 */
export class PixelPool {
  readonly #free: ArrayBuffer[] = [];

  /** @param maxFree maximum number of free blocks that are kept. */
  constructor(private readonly maxFree: number = 8) {}

  /** Returns a block of at least `bytes` with undefined contents. */
  acquire(bytes: number): ArrayBuffer {
    const index = this.#free.findIndex((block) => block.byteLength >= bytes);
    return index < 0 ? new ArrayBuffer(bytes) : this.#free.splice(index, 1)[0]!;
  }

  /** Returns a block to the pool. The caller must not use it any more. */
  release(block: ArrayBuffer): void {
    if (this.#free.length >= this.maxFree) this.#free.shift();
    this.#free.push(block);
  }
}

/** Decodes the zero-terminated `char[]` at `offset`. */
export function readText(bytes: Uint8Array<ArrayBuffer>, offset = 0): string {
  const end = bytes.indexOf(0, offset);
  return new TextDecoder().decode(bytes.subarray(offset, end < 0 ? undefined : end));
}
