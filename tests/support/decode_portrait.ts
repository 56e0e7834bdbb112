/**
 * Decodes the portrait with the native library and prints the size and a digest of the pixels, so
 * that the results of two architectures can be compared.
 */
import { JpegDecoder } from "../../ffi/jpeg.ts";
import { assetPath } from "../../src/base/assets.ts";

using decoder = new JpegDecoder();
using image = await decoder.decode(Deno.readFileSync(assetPath("portrait")), { minWidth: 100 });
const digest = await crypto.subtle.digest("SHA-256", image.y);
console.log(`${image.width}x${image.height} ${new Uint8Array(digest).toHex()}`);
