import assert from "node:assert/strict";
import fc from "fast-check";
import { isRtpJpeg } from "../../../../src/transports/video_push/rtp_jpeg.ts";
import { patternJpegs } from "../../../support/camera_recording.ts";

async function pattern(options: Partial<Parameters<typeof patternJpegs>[0]> = {}) {
  const [jpeg] = await patternJpegs({
    count: 1,
    pixelFormat: "yuvj420p",
    huffman: "default",
    quantizers: 2,
    size: "64x48",
    ...options,
  });
  return jpeg!;
}

const accepted = await pattern();

/** Inserts a segment behind SOI. */
function withSegment(marker: number, body: readonly number[]): Uint8Array {
  const segment = [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff, ...body];
  return Uint8Array.from([0xff, 0xd8, ...segment, ...accepted.subarray(2)]);
}

/** Returns a copy of the JPEG with a byte of its first SOF0 replaced. */
function withFrameByte(at: number, value: number): Uint8Array {
  const jpeg = accepted.slice();
  const start = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  jpeg[start + at] = value;
  return jpeg;
}

Deno.test("isRtpJpeg() accepts 4:2:0 with standard Huffman tables, as ffmpeg writes them", () => {
  assert.equal(isRtpJpeg(accepted), true);
});

Deno.test("isRtpJpeg() rejects what RTP/JPEG cannot carry", async () => {
  assert.equal(isRtpJpeg(await pattern({ huffman: "optimal" })), false, "Huffman tables");
  assert.equal(isRtpJpeg(await pattern({ quantizers: 1 })), false, "one table of quantizers");
  assert.equal(isRtpJpeg(await pattern({ pixelFormat: "yuvj444p" })), false, "4:4:4");
  assert.equal(isRtpJpeg(withSegment(0xdd, [0, 4])), false, "restart intervals");
  assert.equal(isRtpJpeg(withFrameByte(1, 0xc2)), false, "progressive");
  assert.equal(isRtpJpeg(withFrameByte(4, 12)), false, "12 bits");
});

Deno.test("isRtpJpeg() accepts 4:2:2, other segments, and restart intervals of 0", () => {
  assert.equal(isRtpJpeg(withFrameByte(11, 0x21)), true);
  assert.equal(isRtpJpeg(withSegment(0xe0, [0x41, 0x56, 0x49, 0x31])), true);
  assert.equal(isRtpJpeg(withSegment(0xdd, [0, 0])), true);
});

Deno.test("isRtpJpeg() rejects a segment that ffmpeg would take for another one", () => {
  for (const marker of [0xc0, 0xc4, 0xda, 0xdb]) {
    assert.equal(isRtpJpeg(withSegment(0xe4, [1, 0xff, marker, 1])), false);
  }
  assert.equal(isRtpJpeg(withSegment(0xe4, [1, 0xff, 0xe0, 1])), true);
});

Deno.test("isRtpJpeg() accepts up to 2040 pixels in each direction", () => {
  const sized = (width: number, height: number) => {
    const jpeg = withFrameByte(5, height >> 8);
    const start = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
    jpeg.set([height >> 8, height & 0xff, width >> 8, width & 0xff], start + 5);
    return jpeg;
  };
  assert.deepEqual(
    [[2040, 2040], [2041, 480], [640, 2041]].map(([w = 0, h = 0]) => isRtpJpeg(sized(w, h))),
    [true, false, false],
  );
});

Deno.test("isRtpJpeg() accepts a JPEG without Huffman tables, which are then the standard ones", () => {
  const at = accepted.findIndex((byte, i) => byte === 0xff && accepted[i + 1] === 0xc4);
  const bytes = 2 + (accepted[at + 2]! << 8) + accepted[at + 3]!;
  const jpeg = Uint8Array.from([...accepted.subarray(0, at), ...accepted.subarray(at + bytes)]);
  assert.equal(isRtpJpeg(jpeg), true);
});

Deno.test("isRtpJpeg() never throws, and rejects every truncated header", () => {
  const headerEnd = accepted.findIndex((byte, i) => byte === 0xff && accepted[i + 1] === 0xda);
  for (let length = 0; length < headerEnd; length++) {
    assert.equal(isRtpJpeg(accepted.subarray(0, length)), false);
  }
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(accepted.length - 1), fc.nat(255)), { maxLength: 8 }),
    (changes) => {
      const jpeg = accepted.slice();
      for (const [at, byte] of changes) jpeg[at] = byte;
      assert.equal(typeof isRtpJpeg(jpeg), "boolean");
    },
  ));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.equal(isRtpJpeg(Uint8Array.from([0xff, 0xd8, ...bytes])), false);
  }));
});
