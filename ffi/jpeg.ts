import { pixelBytes, PixelPool, type PlanarImage, readImage, readText } from "./image.ts";
import { openNativeLibrary, unwrap } from "./library.ts";
import { JPEG_RESULT } from "./struct_layout.ts";

const SYMBOLS = {
  ph_jpeg_decode: {
    parameters: [
      "buffer", // const uint8_t *jpeg
      "usize", // size_t size
      "i32", // int32_t min_width
      "buffer", // uint8_t *pixels
      "usize", // size_t capacity
      "buffer", // struct ph_jpeg_result *result
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** PH_JPEG_BUFFER_TOO_SMALL. */
const BUFFER_TOO_SMALL = 1;
/** Enough for 640x480 in 4:2:2. A larger image reports the capacity that it needs. */
const INITIAL_CAPACITY = 640 * 480 * 2;

/** A decoded image. Disposing of it returns its memory to the pool. */
export type DecodedImage = PlanarImage & Disposable;

/** Options of {@linkcode JpegDecoder.decode}. */
export interface JpegDecodeOptions {
  /**
   * Scales by 1/2, 1/4 or 1/8 while decoding, as long as the image stays at least this wide.
   * @default 0, unscaled
   */
  readonly minWidth?: number;
}

/**
 * Decodes the JPEGs of cameras to planar YUV on another thread, without blocking the event loop.
 *
 * @example
 * ```ts
 * using decoder = new JpegDecoder();
 * using image = await decoder.decode(jpeg, { minWidth: 320 });
 * ```
 */
export class JpegDecoder implements Disposable {
  readonly #library = openNativeLibrary(SYMBOLS);
  #pool: PixelPool | undefined = new PixelPool();
  #capacity = INITIAL_CAPACITY;

  /**
   * @param jpeg a complete JPEG, grayscale or YCbCr. It must not change until the promise settles.
   * @throws {NativeError} with status `format` if the data is damaged, truncated, too large or not a
   * JPEG.
   */
  async decode(
    jpeg: Uint8Array<ArrayBuffer>,
    { minWidth = 0 }: JpegDecodeOptions = {},
  ): Promise<DecodedImage> {
    const pool = this.#pool;
    if (!pool) throw new Error("Cannot decode a JPEG: the decoder is disposed of");
    const result = new Uint8Array(new ArrayBuffer(JPEG_RESULT.bytes));
    const view = new DataView(result.buffer);
    while (true) {
      const block = pool.acquire(this.#capacity);
      const code = await this.#library.ph_jpeg_decode(
        jpeg,
        BigInt(jpeg.byteLength),
        minWidth,
        new Uint8Array(block),
        BigInt(block.byteLength),
        result,
      );
      if (code === BUFFER_TOO_SMALL) {
        this.#capacity = pixelBytes(view);
        continue;
      }
      if (code < 0) {
        pool.release(block);
        unwrap(code, readText(result, JPEG_RESULT.offsets.message));
      }
      let owned = true;
      return Object.assign(readImage(view, block), {
        [Symbol.dispose]: () => {
          if (owned) this.#pool?.release(block);
          owned = false;
        },
      });
    }
  }

  /** Frees the pool. Images that were returned before remain valid. */
  [Symbol.dispose](): void {
    this.#pool = undefined;
  }
}
