import { PixmapConverter } from "../../ffi/jpeg_rgb.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Returns a function that decodes a JPEG to a binary PPM image (Netpbm) with 8-bit RGB. */
export function pixmapDecoder(): (jpeg: Bytes) => Promise<Bytes> {
  const converter = new PixmapConverter();
  return (jpeg) => converter.convert(jpeg);
}
