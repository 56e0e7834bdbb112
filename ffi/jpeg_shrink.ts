import { openNativeLibrary, unwrap } from "./library.ts";
import { PixelPool, readText } from "./picture.ts";

const SYMBOLS = {
  ph_jpeg_shrink: {
    parameters: [
      "buffer", // const uint8_t *jpeg
      "usize", // size_t size
      "i32", // int32_t coarser_percent
      "i32", // int32_t least_width
      "buffer", // uint8_t *smaller
      "buffer", // struct ph_jpeg_shrunk *shrunk
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The numbers of `struct ph_jpeg_shrunk`, and the room for its message. */
const NUMBERS = 4;
const MESSAGE_BYTES = 256;
const NOT_SMALLER = 1;

export interface ShrunkJpeg {
  readonly jpeg: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** As libjpeg counts it, 1 to 100. */
  readonly quality: number;
}

export interface ShrinkOptions {
  /** How many times as coarse the quantisers become. */
  readonly coarser: number;
  /** Where quality would suffer too much the picture is halved instead, but stays this wide. */
  readonly leastWidth: number;
}

/** Compresses JPEGs anew to fewer bytes, on another thread. */
export class JpegShrinker {
  readonly #library = openNativeLibrary(SYMBOLS);
  readonly #pool = new PixelPool(2);

  /**
   * @param jpeg must not change until the promise settles.
   * @returns undefined where nothing would be won.
   * @throws {NativeError} for what is damaged or no JPEG.
   */
  async shrink(
    jpeg: Uint8Array<ArrayBuffer>,
    { coarser, leastWidth }: ShrinkOptions,
  ): Promise<ShrunkJpeg | undefined> {
    const block = this.#pool.take(jpeg.length);
    const result = new ArrayBuffer(NUMBERS * 4 + MESSAGE_BYTES);
    const code = await this.#library.ph_jpeg_shrink(
      jpeg,
      BigInt(jpeg.length),
      Math.round(coarser * 100),
      leastWidth,
      new Uint8Array(block),
      new Uint8Array(result),
    );
    try {
      unwrap(code, readText(new Uint8Array(result, NUMBERS * 4)));
      if (code === NOT_SMALLER) return undefined;
      const [width = 0, height = 0, quality = 0, bytes = 0] = new Int32Array(result, 0, NUMBERS);
      return { jpeg: new Uint8Array(block.slice(0, bytes)), width, height, quality };
    } finally {
      this.#pool.give(block);
    }
  }
}
