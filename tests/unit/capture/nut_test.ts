import assert from "node:assert/strict";
import { nutCrc } from "../../../src/capture/ffmpeg/nut_reader.ts";
import { NutDemuxer, NutError } from "../../../src/capture/ffmpeg/nut.ts";

Deno.test("the checksum of a text and its own checksum is zero", () => {
  const text = new TextEncoder().encode("123456789");
  const crc = nutCrc(text);
  const tail = [crc >>> 24, crc >>> 16, crc >>> 8, crc].map((byte) => byte & 255);
  assert.equal(nutCrc(Uint8Array.from([...text, ...tail])), 0);
  // The published check value of CRC-32/POSIX is of the same polynomial with the length behind
  // and inverted.
  assert.equal(~nutCrc(Uint8Array.from([...text, 9])) >>> 0, 0x377a6011);
});

Deno.test("what does not begin as NUT is refused at its first byte", () => {
  assert.throws(() => [...new NutDemuxer().push(new TextEncoder().encode("RIFF"))], NutError);
});

Deno.test("a demuxer that saw nothing is at no boundary", () => {
  const demuxer = new NutDemuxer();
  assert.deepEqual([...demuxer.push(new Uint8Array(0))], []);
  assert.equal(demuxer.atBoundary, false);
});
