import { PixelPool, readText } from "./image.ts";
import { openNativeLibrary, unwrap } from "./library.ts";
import { JPEG_SHRUNK } from "./struct_layout.ts";

const SYMBOLS = {
  ph_jpeg_shrink: {
    parameters: [
      "buffer", // const uint8_t *jpeg
      "usize", // size_t size
      "i32", // int32_t quantizer_percent
      "i32", // int32_t min_width
      "buffer", // uint8_t *smaller
      "buffer", // struct ph_jpeg_shrunk *shrunk
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** PH_JPEG_NOT_SMALLER. */
const NOT_SMALLER = 1;

/** A recompressed JPEG. */
export interface ShrunkJpeg {
  readonly jpeg: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** On the scale of libjpeg, 1 to 100. */
  readonly quality: number;
}

/** Options of {@linkcode JpegShrinker.shrink}. */
export interface ShrinkOptions {
  /** Factor by which the quantizers are multiplied. */
  readonly quantizerScale: number;
  /** If the quality would fall below 10, the image is halved, as long as it stays this wide. */
  readonly minWidth: number;
}

/** Recompresses JPEGs to fewer bytes, on another thread. */
export class JpegShrinker {
  readonly #library = openNativeLibrary(SYMBOLS);
  readonly #pool = new PixelPool(2);

  /**
   * @param jpeg must not change until the promise settles.
   * @returns undefined if the result would not be smaller.
   * @throws {NativeError} if the data is damaged or not a JPEG.
   */
  async shrink(
    jpeg: Uint8Array<ArrayBuffer>,
    { quantizerScale, minWidth }: ShrinkOptions,
  ): Promise<ShrunkJpeg | undefined> {
    const { bytes, offsets } = JPEG_SHRUNK;
    const block = this.#pool.acquire(jpeg.length);
    const result = new Uint8Array(new ArrayBuffer(bytes));
    const code = await this.#library.ph_jpeg_shrink(
      jpeg,
      BigInt(jpeg.length),
      Math.round(quantizerScale * 100),
      minWidth,
      new Uint8Array(block),
      result,
    );
    try {
      unwrap(code, readText(result, offsets.message));
      if (code === NOT_SMALLER) return undefined;
      const view = new DataView(result.buffer);
      const read = (field: keyof typeof offsets) => view.getInt32(offsets[field], true);
      return {
        jpeg: new Uint8Array(block.slice(0, read("bytes"))),
        width: read("width"),
        height: read("height"),
        quality: read("quality"),
      };
    } finally {
      this.#pool.release(block);
    }
  }
}
