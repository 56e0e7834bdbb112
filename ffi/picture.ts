/** Reads what `ffi/native/picture.h` calls `struct ph_picture`. */

/** Planar YUV pixels; what the capture room calls a `Picture`. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array<ArrayBuffer>;
  readonly u?: Uint8Array<ArrayBuffer>;
  readonly v?: Uint8Array<ArrayBuffer>;
  readonly yStride: number;
  readonly uvStride: number;
  readonly chromaShiftX: 0 | 1;
  readonly chromaShiftY: 0 | 1;
  readonly color: { readonly range: "full" | "limited"; readonly matrix: "bt601" | "bt709" };
}

/** Planar YUV pixels that C wrote. */
export interface PlanarPicture extends Planes {
  /** Size before scaling. */
  readonly fullWidth: number;
  readonly fullHeight: number;
}

const FIELDS = [
  "width",
  "height",
  "fullWidth",
  "fullHeight",
  "yOffset",
  "uOffset",
  "vOffset",
  "yStride",
  "uvStride",
  "chromaShiftX",
  "chromaShiftY",
  "fullRange",
  "bt709",
  "bytes",
] as const;

/** Size of `struct ph_picture`: 32-bit integers without padding. */
export const PICTURE_BYTES = FIELDS.length * 4;

/** The bytes that the pixels of the struct at the start of `header` need. */
export function pixelBytes(header: DataView): number {
  return header.getInt32(FIELDS.indexOf("bytes") * 4, true);
}

/** The picture that the struct at the start of `header` describes, its planes as views on `block`. */
export function readPicture(header: DataView, block: ArrayBuffer): PlanarPicture {
  const at = (field: typeof FIELDS[number]) => header.getInt32(FIELDS.indexOf(field) * 4, true);
  const yStride = at("yStride");
  const uvStride = at("uvStride");
  const height = at("height");
  const chromaShiftY = at("chromaShiftY") ? 1 : 0;
  const chromaRows = (height + chromaShiftY) >> chromaShiftY;
  const color = {
    range: at("fullRange") ? "full" : "limited",
    matrix: at("bt709") ? "bt709" : "bt601",
  } as const;
  const grey: PlanarPicture = {
    width: at("width"),
    height,
    y: new Uint8Array(block, at("yOffset"), yStride * height),
    yStride,
    uvStride,
    chromaShiftX: at("chromaShiftX") ? 1 : 0,
    chromaShiftY,
    color,
    fullWidth: at("fullWidth"),
    fullHeight: at("fullHeight"),
  };
  if (at("uOffset") < 0) return grey;
  return {
    ...grey,
    u: new Uint8Array(block, at("uOffset"), uvStride * chromaRows),
    v: new Uint8Array(block, at("vOffset"), uvStride * chromaRows),
  };
}

/**
 * Blocks of memory for pixels, used again: at 30 frames a second a new block for each would keep
 * the garbage collector busy.
 */
export class PixelPool {
  readonly #free: ArrayBuffer[] = [];

  /** @param most how many blocks are kept for later. */
  constructor(private readonly most: number = 8) {}

  /** A block of at least `bytes`, with anything in it. */
  take(bytes: number): ArrayBuffer {
    const at = this.#free.findIndex((block) => block.byteLength >= bytes);
    return at < 0 ? new ArrayBuffer(bytes) : this.#free.splice(at, 1)[0]!;
  }

  /** Takes back a block that nobody reads any more. */
  give(block: ArrayBuffer): void {
    if (this.#free.length >= this.most) this.#free.shift();
    this.#free.push(block);
  }
}

/** The text of a `char[]` that ends in a zero byte. */
export function readText(bytes: Uint8Array<ArrayBuffer>): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
