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
