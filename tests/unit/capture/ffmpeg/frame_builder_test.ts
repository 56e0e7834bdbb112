import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { FrameBuilder } from "../../../../src/capture/ffmpeg/frame_builder.ts";
import type { NutFrame } from "../../../../src/capture/ffmpeg/nut_demuxer.ts";
import { cameraJpegs } from "../../../support/camera_jpegs.ts";

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

/** The frame that a builder makes of bytes that count from 0. */
async function build(
  kind: "yuv420" | "gray",
  size: { width: number; height: number },
  bytes: number,
) {
  const color = { range: "full", matrix: "bt709" } as const;
  using builder = new FrameBuilder({ kind, color }, { analysisWidth: 320 });
  const data = builder.allocate(bytes);
  data.set([...data.keys()]);
  return await builder.build({ stream: size as NutFrame["stream"], ptsUs: 0, data }, STAMP);
}

Deno.test("FrameBuilder.build() rounds the size of the chroma planes up", async () => {
  const frame = await build("yuv420", { width: 5, height: 3 }, 15 + 2 * 6);
  assert.ok(frame);
  assert.equal("jpeg" in frame, false);
  const bytes = (from: number, to: number) =>
    Uint8Array.from({ length: to - from }, (_, i) => from + i);
  assert.deepEqual({ ...frame.image }, {
    width: 5,
    height: 3,
    y: bytes(0, 15),
    u: bytes(15, 21),
    v: bytes(21, 27),
    yStride: 5,
    uvStride: 3,
    chromaShiftX: 1,
    chromaShiftY: 1,
    color: { range: "full", matrix: "bt709" },
  });
  assert.equal(await build("yuv420", { width: 5, height: 3 }, 15 + 2 * 6 - 1), undefined);
});

Deno.test("FrameBuilder.build() makes an image without chroma of gray", async () => {
  const frame = await build("gray", { width: 5, height: 3 }, 15);
  assert.ok(frame);
  assert.equal(frame.image.y.length, 15);
  assert.deepEqual(["u" in frame.image, "v" in frame.image], [false, false]);
  assert.equal(await build("gray", { width: 5, height: 3 }, 27), undefined);
});

Deno.test("FrameBuilder.build() decodes a JPEG, keeps its bytes, and refuses a damaged one", async () => {
  const [jpeg] = await cameraJpegs({ count: 1 });
  const color = { range: "full", matrix: "bt601" } as const;
  const builder = new FrameBuilder({ kind: "jpeg", color }, { analysisWidth: 320 });
  const image = (length: number) => {
    const data = builder.allocate(length);
    data.set(jpeg!.subarray(0, length));
    return { stream: SIZE as NutFrame["stream"], ptsUs: 0, data };
  };
  const whole = image(jpeg!.length);
  {
    using frame = (await builder.build(whole, STAMP))!;
    assert.deepEqual([frame.timeUs, frame.sequence, frame.width, frame.height], [7, 3, 640, 480]);
    assert.equal(frame.jpeg, whole.data);
    assert.deepEqual([frame.image.width, frame.image.height], [320, 240]);
  }
  assert.equal(await builder.build(image(jpeg!.length >> 1), STAMP), undefined);
  builder.discard(whole);
  assert.notEqual(builder.allocate(whole.data.length), whole.data, "the frame may be in use");
  builder[Symbol.dispose]();
  await assert.rejects(builder.build(whole, STAMP), /disposed of/);
});

Deno.test("FrameBuilder gives the memory of a JPEG back to the decoder when its frame is disposed", async () => {
  const [data] = await cameraJpegs({ count: 1 });
  const color = { range: "full", matrix: "bt601" } as const;
  using builder = new FrameBuilder({ kind: "jpeg", color }, { analysisWidth: 320 });
  const build = () =>
    builder.build({ stream: SIZE as NutFrame["stream"], ptsUs: 0, data: data! }, STAMP);
  const first = (await build())!;
  first[Symbol.dispose]();
  using second = (await build())!;
  assert.equal(second.image.y.buffer, first.image.y.buffer);
});
