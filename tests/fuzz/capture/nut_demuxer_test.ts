import assert from "node:assert/strict";
import fc from "fast-check";
import { NutDemuxer, NutError } from "../../../src/capture/ffmpeg/nut_demuxer.ts";
import { NutWriter } from "../../../src/capture/ffmpeg/nut_writer.ts";

interface Sent {
  readonly ptsUs: number;
  readonly data: Uint8Array;
}

const anyFrames = fc.array(
  fc.record({
    stepUs: fc.integer({ min: 1, max: 5_000_000 }),
    data: fc.uint8Array({ minLength: 0, maxLength: 300 }),
  }),
  { maxLength: 12 },
).map((frames) => {
  let ptsUs = 0;
  return frames.map(({ stepUs, data }): Sent => ({ ptsUs: ptsUs += stepUs, data }));
});

function write(frames: readonly Sent[]): Uint8Array<ArrayBuffer> {
  const writer = new NutWriter({ fourcc: "I420", width: 16, height: 8 });
  const parts = [writer.header()];
  for (const { ptsUs, data } of frames) {
    parts.push(writer.frameHeader(data.length, { ptsUs }), Uint8Array.from(data));
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Cuts bytes at fractions of their length. */
function cut(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const offsets = [
    0,
    ...fractions.map((fraction) => Math.floor(fraction * bytes.length)),
    bytes.length,
  ];
  offsets.sort((a, b) => a - b);
  return offsets.slice(1).map((offset, i) => bytes.slice(offsets[i], offset));
}

function read(chunks: readonly Uint8Array[], demuxer = new NutDemuxer()): Sent[] {
  return chunks.flatMap((chunk) =>
    [...demuxer.push(chunk)].map(({ ptsUs, data }) => ({ ptsUs, data: data.slice() }))
  );
}

const anyCuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

Deno.test("NutDemuxer returns the frames that NutWriter wrote, whatever the chunk sizes", () => {
  fc.assert(fc.property(anyFrames, anyCuts, (frames, cuts) => {
    const demuxer = new NutDemuxer();
    assert.deepEqual(
      read(cut(write(frames), cuts), demuxer).map(({ ptsUs, data }) => [ptsUs, [...data]]),
      frames.map(({ ptsUs, data }) => [ptsUs, [...data]]),
    );
    assert.ok(demuxer.atBoundary);
  }));
});

Deno.test("NutDemuxer returns the complete frames of a truncated stream", () => {
  fc.assert(fc.property(anyFrames, fc.double({ min: 0, max: 0.999, noNaN: true }), (frames, at) => {
    const whole = write(frames);
    const bytes = whole.subarray(0, Math.floor(at * whole.length));
    const demuxer = new NutDemuxer();
    const seen = read([bytes], demuxer);
    assert.ok(seen.length <= frames.length);
    assert.deepEqual(
      seen.map(({ data }) => [...data]),
      frames.slice(0, seen.length).map(({ data }) => [...data]),
    );
  }));
});

Deno.test("NutDemuxer reads damaged bytes as frames or throws NutError, with bounded memory", () => {
  const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(anyFrames, damage, anyCuts, (frames, changes, cuts) => {
      const bytes = write(frames);
      for (const [at, value] of changes) bytes[Math.floor(at * bytes.length)] = value;
      let largest = 0;
      const demuxer = new NutDemuxer({
        maxFrameBytes: 1000,
        allocate(size) {
          largest = Math.max(largest, size);
          return new Uint8Array(size);
        },
      });
      try {
        read(cut(bytes, cuts), demuxer);
      } catch (error) {
        assert.ok(error instanceof NutError, String(error));
      }
      assert.ok(largest <= 1000);
    }),
    { numRuns: 400 },
  );
});

Deno.test("NutDemuxer rejects random bytes, also after valid headers", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (garbage, begins) => {
    const bytes = begins ? [...write([]), ...garbage] : [...garbage];
    try {
      read([Uint8Array.from(bytes)], new NutDemuxer({ maxFrameBytes: 1000 }));
    } catch (error) {
      assert.ok(error instanceof NutError, String(error));
    }
  }));
});
