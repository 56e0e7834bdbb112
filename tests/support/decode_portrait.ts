/**
 * Decodes the portrait with the native library and prints the size and a digest of the pixels, so
 * that the results of two architectures can be compared.
 */
import { JpegDecoder } from "../../ffi/jpeg.ts";
import { assetPath } from "../../src/base/assets.ts";

using decoder = new JpegDecoder();
using picture = await decoder.decode(Deno.readFileSync(assetPath("portrait")), { leastWidth: 100 });
const digest = await crypto.subtle.digest("SHA-256", picture.y);
console.log(`${picture.width}x${picture.height} ${new Uint8Array(digest).toHex()}`);
