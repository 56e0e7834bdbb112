import { openNativeLibrary, unwrap } from "./library.ts";
import { readText } from "./picture.ts";

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

/** The numbers of `struct ph_jpeg_rgb`, and the room for its message. */
const NUMBERS = 2;
const MESSAGE_BYTES = 256;
const NEEDS_ROOM = 1;

/** Decodes JPEGs to portable pixmaps (PPM, P6): a line of text, then RGB; on another thread. */
export class PixmapMaker {
  readonly #library = openNativeLibrary(SYMBOLS);

  /**
   * @param jpeg must not change until the promise settles.
   * @throws {NativeError} for what is damaged, truncated, too large or no JPEG.
   */
  async pixmapOf(jpeg: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const { width, height } = await this.#decode(jpeg, new Uint8Array());
    const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
    const pixmap = new Uint8Array(head.length + width * height * 3);
    pixmap.set(head);
    await this.#decode(jpeg, pixmap.subarray(head.length));
    return pixmap;
  }

  async #decode(
    jpeg: Uint8Array<ArrayBuffer>,
    rgb: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly width: number; readonly height: number }> {
    const result = new ArrayBuffer(NUMBERS * 4 + MESSAGE_BYTES);
    const code = await this.#library.ph_jpeg_rgb(
      jpeg,
      BigInt(jpeg.length),
      rgb,
      BigInt(rgb.length),
      new Uint8Array(result),
    );
    if (code !== NEEDS_ROOM) unwrap(code, readText(new Uint8Array(result, NUMBERS * 4)));
    const [width = 0, height = 0] = new Int32Array(result, 0, NUMBERS);
    return { width, height };
  }
}
