/** Decodes the portrait by the native library and prints what came out, for another machine's Deno. */
import { JpegDecoder } from "../../ffi/jpeg.ts";
import { assetPath } from "../../src/base/assets.ts";

using decoder = new JpegDecoder();
using picture = await decoder.decode(Deno.readFileSync(assetPath("portrait")), { minWidth: 100 });
const digest = await crypto.subtle.digest("SHA-256", picture.y);
console.log(`${picture.width}x${picture.height} ${new Uint8Array(digest).toHex()}`);
