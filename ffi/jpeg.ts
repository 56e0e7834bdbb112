import { openNativeLibrary, unwrap } from "./library.ts";
import {
  PICTURE_BYTES,
  pixelBytes,
  PixelPool,
  type PlanarPicture,
  readPicture,
  readText,
} from "./picture.ts";

const SYMBOLS = {
  ph_jpeg_decode: {
    parameters: [
      "buffer", // const uint8_t *jpeg
      "usize", // size_t size
      "i32", // int32_t least_width
      "buffer", // uint8_t *pixels
      "usize", // size_t capacity
      "buffer", // struct ph_jpeg_result *result
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

const MESSAGE_BYTES = 256;
const NEEDS_ROOM = 1;
/** Enough for 640x480 in 4:2:2; a larger picture says how much it needs. */
const FIRST_CAPACITY = 640 * 480 * 2;

/** A decoded picture; disposing of it gives its memory to a later one. */
export type DecodedPicture = PlanarPicture & Disposable;

export interface JpegDecodeOptions {
  /**
   * Scales by 1/2, 1/4 or 1/8 while decoding, as long as the picture stays at least this wide.
   * @default 0, not scaled
   */
  readonly leastWidth?: number;
}

/**
 * Decodes a camera's JPEGs to planar YUV on another thread, so that the event loop goes on.
 *
 * @example
 * ```ts
 * using decoder = new JpegDecoder();
 * using picture = await decoder.decode(jpeg, { leastWidth: 320 });
 * ```
 */
export class JpegDecoder implements Disposable {
  readonly #library = openNativeLibrary(SYMBOLS);
  #pool: PixelPool | undefined = new PixelPool();
  #capacity = FIRST_CAPACITY;

  /**
   * @param jpeg a whole JPEG, grey or YCbCr; it must not change until the promise settles.
   * @throws {NativeError} with status `format` for what is damaged, truncated, too large or no
   * JPEG.
   */
  async decode(
    jpeg: Uint8Array<ArrayBuffer>,
    { leastWidth = 0 }: JpegDecodeOptions = {},
  ): Promise<DecodedPicture> {
    const pool = this.#pool;
    if (!pool) throw new Error("Cannot decode a JPEG: the decoder is disposed of");
    const result = new ArrayBuffer(PICTURE_BYTES + MESSAGE_BYTES);
    const header = new DataView(result);
    while (true) {
      const block = pool.take(this.#capacity);
      const code = await this.#library.ph_jpeg_decode(
        jpeg,
        BigInt(jpeg.byteLength),
        leastWidth,
        new Uint8Array(block),
        BigInt(block.byteLength),
        new Uint8Array(result),
      );
      if (code === NEEDS_ROOM) {
        this.#capacity = pixelBytes(header);
        continue;
      }
      if (code < 0) {
        pool.give(block);
        unwrap(code, readText(new Uint8Array(result, PICTURE_BYTES)));
      }
      let owned = true;
      return Object.assign(readPicture(header, block), {
        [Symbol.dispose]: () => {
          if (owned) this.#pool?.give(block);
          owned = false;
        },
      });
    }
  }

  /** Lets go of the memory kept for later pictures; those already handed out stay whole. */
  [Symbol.dispose](): void {
    this.#pool = undefined;
  }
}
