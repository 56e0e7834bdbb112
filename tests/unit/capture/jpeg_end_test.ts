import assert from "node:assert/strict";
import fc from "fast-check";
import { JpegEnd, JpegError, trimJpeg } from "../../../src/capture/jpeg_end.ts";
import { patternJpegs } from "../../support/camera_recording.ts";
import { inParts } from "../../support/vid_stream.ts";

const jpegs = await patternJpegs({ count: 2 });

/** A JPEG whose segments and entropy-coded data contain bytes that look like markers. */
const TRICKY = Uint8Array.from([
  ...[0xff, 0xd8],
  ...[0xff, 0xdb, 0, 6, 0xff, 0xd9, 0xff, 0xd8], // a table with the bytes of EOI
  ...[0xff, 0xff, 0xc4, 0, 2], // a fill byte, and a segment without content
  ...[0xff, 0xda, 0, 3, 1],
  ...[1, 0xff, 0, 2, 0xff, 0xd0, 3, 0xff, 0xff, 0xd7, 4], // stuffing and restart markers
  ...[0xff, 0xda, 0, 2, 5], // a second scan
  ...[0xff, 0xd9],
]);

Deno.test("JpegEnd finds the end of consecutive JPEGs, in parts of any length", () => {
  const all = [...jpegs, TRICKY, TRICKY, jpegs[0]!];
  const stream = Uint8Array.from(all.flatMap((jpeg) => [...jpeg]));
  const ends: number[] = [];
  all.reduce((at, { length }) => (ends.push(at + length), at + length), 0);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), (lengths) => {
      const end = new JpegEnd();
      const found: number[] = [];
      let at = 0;
      inParts(stream, lengths, (part) => {
        for (let rest = part; rest.length > 0;) {
          const used = end.push(rest);
          at += used ?? rest.length;
          if (used === undefined) return;
          found.push(at);
          rest = rest.subarray(used);
        }
      });
      assert.deepEqual(found, ends);
    }),
    { numRuns: 20 },
  );
});

Deno.test("JpegEnd refuses bytes that are no JPEG", () => {
  const cases = [[0x7b], [0xff, 0xd9], [0xff, 0xd8, 0x00], [0xff, 0xd8, 0xff, 0xdb, 0, 1]];
  for (const bytes of cases) {
    assert.throws(() => new JpegEnd().push(Uint8Array.from(bytes)), JpegError, `${bytes}`);
  }
});

Deno.test("JpegEnd accepts any bytes, or refuses them", () => {
  const byte = fc.constantFrom(0xff, 0xd8, 0xd9, 0xda, 0xdb, 0, 2, 7);
  fc.assert(fc.property(fc.array(byte), (bytes) => {
    try {
      const used = new JpegEnd().push(Uint8Array.from([0xff, 0xd8, ...bytes]));
      assert.ok(used === undefined || used >= 4);
    } catch (error) {
      assert.ok(error instanceof JpegError);
    }
  }));
});

Deno.test("trimJpeg removes the bytes behind a JPEG, and keeps what is none", () => {
  const bytes = fc.uint8Array({ maxLength: 50 });
  fc.assert(fc.property(fc.constantFrom(...jpegs, TRICKY), bytes, (jpeg, stale) => {
    assert.deepEqual(trimJpeg(Uint8Array.from([...jpeg, ...stale])), jpeg);
  }));
  const half = jpegs[0]!.subarray(0, 5_000);
  assert.equal(trimJpeg(half).length, half.length);
  assert.equal(trimJpeg(Uint8Array.of(1, 2, 3)).length, 3);
});
