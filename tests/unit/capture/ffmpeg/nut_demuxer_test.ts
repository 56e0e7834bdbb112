import assert from "node:assert/strict";
import { NutDemuxer, NutError } from "../../../../src/capture/ffmpeg/nut_demuxer.ts";

Deno.test("NutDemuxer rejects bytes that do not start with the file id", () => {
  assert.throws(() => [...new NutDemuxer().push(new TextEncoder().encode("RIFF"))], NutError);
});

Deno.test("NutDemuxer is not at a boundary before the first byte", () => {
  const demuxer = new NutDemuxer();
  assert.deepEqual([...demuxer.push(new Uint8Array(0))], []);
  assert.equal(demuxer.atBoundary, false);
});
