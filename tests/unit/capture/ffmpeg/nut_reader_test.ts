import assert from "node:assert/strict";
import { nutCrc } from "../../../../src/capture/ffmpeg/nut_reader.ts";

Deno.test("nutCrc() of data followed by its own checksum is zero", () => {
  const text = new TextEncoder().encode("123456789");
  const crc = nutCrc(text);
  const tail = [crc >>> 24, crc >>> 16, crc >>> 8, crc].map((byte) => byte & 255);
  assert.equal(nutCrc(Uint8Array.from([...text, ...tail])), 0);
  // CRC-32/POSIX has the same polynomial; it appends the length and inverts the result.
  assert.equal(~nutCrc(Uint8Array.from([...text, 9])) >>> 0, 0x377a6011);
});
