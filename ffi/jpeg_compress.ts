import { type PackedImage, PixelPool, readText } from "./image.ts";
import { openNativeLibrary, unwrap } from "./library.ts";
import { JPEG_COMPRESSED } from "./struct_layout.ts";

const SYMBOLS = {
  ph_jpeg_compress: {
    parameters: [
      "buffer", // const struct ph_image *image
      "buffer", // const uint8_t *pixels
      "i32", // int32_t quality
      "buffer", // uint8_t *jpeg
      "usize", // size_t capacity
      "buffer", // struct ph_jpeg_compressed *result
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** PH_JPEG_BUFFER_TOO_SMALL. */
const BUFFER_TOO_SMALL = 1;
/** Room for the headers, in bytes: enough for an image of one block. */
const HEADER_BYTES = 4096;

/** Compresses images to JPEG, on another thread. */
export class JpegCompressor {
  readonly #library = openNativeLibrary(SYMBOLS);
  readonly #pool = new PixelPool(2);

  /**
   * @param image must not change until the promise settles.
   * @param quality on the scale of libjpeg, 1 to 100.
   * @throws {NativeError} if the image has no pixels, or memory is exhausted.
   */
  async compress(
    { layout, pixels }: PackedImage,
    quality: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes, offsets } = JPEG_COMPRESSED;
    let capacity = pixels.length + HEADER_BYTES;
    while (true) {
      const block = this.#pool.acquire(capacity);
      const result = new Uint8Array(new ArrayBuffer(bytes));
      const code = await this.#library.ph_jpeg_compress(
        layout,
        pixels,
        quality,
        new Uint8Array(block),
        BigInt(block.byteLength),
        result,
      );
      try {
        unwrap(code, readText(result, offsets.message));
        const size = new DataView(result.buffer).getInt32(offsets.bytes, true);
        if (code !== BUFFER_TOO_SMALL) return new Uint8Array(block.slice(0, size));
        capacity = size;
      } finally {
        this.#pool.release(block);
      }
    }
  }
}
