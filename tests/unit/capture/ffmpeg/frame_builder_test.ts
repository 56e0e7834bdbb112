import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { FrameBuilder } from "../../../../src/capture/ffmpeg/frame_builder.ts";
import type { NutFrame } from "../../../../src/capture/ffmpeg/nut_demuxer.ts";

const SIZE = { width: 4, height: 2 };
/** Bytes of an image in planar 4:2:0. */
const BYTES = 4 * 2 + 2 * 2;
const STAMP = { timeUs: monotonicUs(7), sequence: 3 };

function start() {
  const format = { kind: "yuv420", color: { range: "limited", matrix: "bt601" } } as const;
  const builder = new FrameBuilder(format, { analysisWidth: 320 });
  const image = (bytes = BYTES): NutFrame => ({
    stream: SIZE as NutFrame["stream"],
    ptsUs: 0,
    data: builder.allocate(bytes),
  });
  return { builder, image };
}

Deno.test("FrameBuilder gives the memory of a frame to another one once, after it is disposed", async () => {
  const { builder, image } = start();
  const first = image();
  const frame = await builder.build(first, STAMP);
  assert.ok(frame);
  assert.notEqual(image().data, first.data, "it is still in use");
  frame[Symbol.dispose]();
  frame[Symbol.dispose]();
  assert.equal(image().data, first.data);
  assert.notEqual(image().data, first.data);
});

Deno.test("FrameBuilder.discard() returns the memory of an image that becomes no frame", () => {
  const { builder, image } = start();
  const first = image();
  builder.discard(first);
  assert.equal(image().data, first.data);
});

Deno.test("FrameBuilder.build() keeps stamp and size, and refuses an image of another size", async () => {
  const { builder, image } = start();
  const frame = await builder.build(image(), STAMP);
  assert.deepEqual(
    [frame?.timeUs, frame?.sequence, frame?.width, frame?.height],
    [7, 3, SIZE.width, SIZE.height],
  );
  assert.deepEqual([frame?.image.y.length, frame?.image.u?.length, frame?.image.v?.length], [
    8,
    2,
    2,
  ]);
  assert.equal(await builder.build(image(BYTES + 1), STAMP), undefined);
});
