import { readText } from "./image.ts";
import { openNativeLibrary, unwrap } from "./library.ts";
import { JPEG_RGB } from "./struct_layout.ts";

const SYMBOLS = {
  ph_jpeg_rgb: {
    parameters: [
      "buffer", // const uint8_t *jpeg
      "usize", // size_t size
      "buffer", // uint8_t *rgb
      "usize", // size_t capacity
      "buffer", // struct ph_jpeg_rgb *result
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** PH_JPEG_BUFFER_TOO_SMALL. */
const BUFFER_TOO_SMALL = 1;

/** Converts JPEGs to portable pixmaps (PPM, P6) on another thread. */
export class PixmapConverter {
  readonly #library = openNativeLibrary(SYMBOLS);

  /**
   * @param jpeg must not change until the promise settles.
   * @throws {NativeError} if the data is damaged, truncated, too large or not a JPEG.
   */
  async convert(jpeg: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const { width, height } = await this.#decode(jpeg, new Uint8Array());
    const header = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
    const pixmap = new Uint8Array(header.length + width * height * 3);
    pixmap.set(header);
    await this.#decode(jpeg, pixmap.subarray(header.length));
    return pixmap;
  }

  async #decode(
    jpeg: Uint8Array<ArrayBuffer>,
    rgb: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly width: number; readonly height: number }> {
    const { bytes, offsets } = JPEG_RGB;
    const result = new Uint8Array(new ArrayBuffer(bytes));
    const code = await this.#library.ph_jpeg_rgb(
      jpeg,
      BigInt(jpeg.length),
      rgb,
      BigInt(rgb.length),
      result,
    );
    if (code !== BUFFER_TOO_SMALL) unwrap(code, readText(result, offsets.message));
    const view = new DataView(result.buffer);
    return {
      width: view.getInt32(offsets.width, true),
      height: view.getInt32(offsets.height, true),
    };
  }
}
