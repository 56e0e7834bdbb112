import assert from "node:assert/strict";
import { listCamerasText, NativeCamera, stableCameraPath } from "../../../ffi/camera.ts";
import type { CameraRead, CameraRequest } from "../../../ffi/camera_values.ts";
import { NativeError } from "../../../ffi/library.ts";
import { assertNonblocking } from "../../support/event_loop.ts";
import { type RecordedFrame, recordingFile } from "../../support/camera_recording.ts";
import { collectGarbage } from "../../support/heap.ts";
import { replaced } from "../../support/replace.ts";
import { waitFor } from "../../support/wait.ts";

const SIZE = { width: 64, height: 48 } as const;

const REQUEST: CameraRequest = {
  ...SIZE,
  fps: 500,
  format: "auto",
  minWidth: 0,
  transform: "none",
  powerLine: "leave",
  jpegQuality: 0,
};

/** A grey image of one level. */
const grey = (level: number, parts: Partial<RecordedFrame> = {}): RecordedFrame => ({
  bytes: new Uint8Array(64 * 48).fill(level),
  ...parts,
});

async function withCamera(
  frames: readonly RecordedFrame[],
  use: (camera: NativeCamera) => Promise<void>,
  { request = {}, loop = false, ...size }: {
    request?: Partial<CameraRequest>;
    loop?: boolean;
    width?: number;
    height?: number;
  } = {},
): Promise<void> {
  await using file = await recordingFile({ fourcc: "GREY", ...SIZE, ...size, frames, loop });
  await using camera = await NativeCamera.open(file.path, { ...REQUEST, ...request });
  await use(camera);
}

/** The next frame; fails if there is none. */
async function nextFrame(camera: NativeCamera): Promise<CameraRead & { state: "frame" }> {
  const read = await camera.next(5000);
  assert.ok(read.state === "frame", JSON.stringify(read));
  return read;
}

Deno.test("NativeCamera.open() states what the camera granted", async () => {
  await withCamera([grey(1)], (camera) => {
    assert.deepEqual(camera.granted, {
      ...SIZE,
      fps: 500,
      format: "GREY",
      name: "recording",
      bus: "file",
      driver: "file",
    });
    return Promise.resolve();
  });
});

Deno.test("NativeCamera.next() returns the frames in order, with times and losses, until the camera fails", async () => {
  const frames = [grey(10), grey(20), grey(30, { damaged: true }), grey(40, { lost: 3 })];
  await withCamera(frames, async (camera) => {
    const seen: (readonly number[])[] = [];
    let lastUs = 0;
    for (let i = 0; i < 3; i++) {
      const { frame, losses } = await nextFrame(camera);
      const { image, sequence, timeUs, jpeg } = frame;
      assert.deepEqual([image.width, image.height, image.fullWidth, jpeg], [64, 48, 64, undefined]);
      assert.ok(image.y.subarray(0, 64).every((value) => value === image.y[0]));
      if (lastUs > 0) assert.equal((timeUs - lastUs) % 2000, 0);
      lastUs = timeUs;
      seen.push([image.y[0]!, sequence, losses.overrun]);
      frame[Symbol.dispose]();
    }
    assert.deepEqual(seen, [[10, 0, 0], [20, 1, 0], [40, 6, 0]]);
    const read = await camera.next(5000);
    assert.ok(read.state === "failed", read.state);
    assert.match(read.reason, /ended/);
  });
  await withCamera(frames, async (camera) => {
    for (let i = 0; i < 2; i++) (await nextFrame(camera)).frame[Symbol.dispose]();
    const { losses } = await nextFrame(camera);
    assert.deepEqual([losses.lost, losses.damaged, losses.overrun], [3, 1, 0]);
    assert.match(losses.reason, /damaged/);
  });
});

Deno.test("NativeCamera.next() grows its memory for large images and JPEGs", async () => {
  const width = 1024, height = 768;
  const bytes = new Uint8Array(width * height);
  crypto.getRandomValues(bytes.subarray(0, 65_536));
  for (let at = 65_536; at < bytes.length; at += 65_536) bytes.copyWithin(at, 0, 65_536);
  const request = { width, height, fps: 100, jpegQuality: 95 };
  await withCamera([{ bytes }], async (camera) => {
    const { frame } = await nextFrame(camera);
    assert.deepEqual([frame.image.width, frame.image.height], [width, height]);
    assert.ok(frame.jpeg && frame.jpeg.length > 128 * 1024);
    assert.deepEqual([...frame.jpeg.subarray(0, 2), ...frame.jpeg.slice(-2)], [
      255,
      0xd8,
      255,
      0xd9,
    ]);
    assert.deepEqual(frame.image.y.subarray(0, 1000), bytes.subarray(0, 1000));
  }, { width, height, request });
});

Deno.test("NativeCamera gives the memory of a frame to another one once it is disposed", async () => {
  await withCamera([grey(1)], async (camera) => {
    const first = (await nextFrame(camera)).frame;
    const second = (await nextFrame(camera)).frame;
    assert.notEqual(second.image.y.buffer, first.image.y.buffer);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    const third = (await nextFrame(camera)).frame;
    const fourth = (await nextFrame(camera)).frame;
    assert.equal(third.image.y.buffer, first.image.y.buffer);
    assert.notEqual(fourth.image.y.buffer, first.image.y.buffer);
    assert.ok(first.jpeg && third.jpeg && fourth.jpeg);
    assert.equal(third.jpeg.buffer, first.jpeg.buffer);
    assert.notEqual(fourth.jpeg.buffer, first.jpeg.buffer);
  }, { loop: true, request: { jpegQuality: 50 } });
});

Deno.test("NativeCamera.next() does not block, returns timeouts with losses, and keeps its memory", async () => {
  const frames = [grey(1), grey(2, { damaged: true }), grey(3, { silent: true })];
  await withCamera(frames, async (camera) => {
    (await nextFrame(camera)).frame[Symbol.dispose]();
    const sizes: number[] = [];
    const Buffer = globalThis.ArrayBuffer;
    class CountedBuffer extends Buffer {
      constructor(bytes: number) {
        super(bytes);
        sizes.push(bytes);
      }
    }
    using _buffer = replaced(globalThis, "ArrayBuffer", CountedBuffer as ArrayBufferConstructor);
    for (let round = 0; round < 3; round++) {
      const read = await assertNonblocking(() => camera.next(20));
      assert.ok(read.state === "timeout", read.state);
      if (round > 0) assert.equal(read.losses.damaged, 1);
    }
    assert.deepEqual(sizes.filter((bytes) => bytes > 1000), []);
  });
});

Deno.test("NativeCamera.stop() ends the pending and all later calls of next()", async () => {
  await withCamera([grey(1, { silent: true })], async (camera) => {
    const waiting = camera.next(60_000);
    camera.stop();
    assert.deepEqual(await waiting, { state: "stopped" });
    assert.deepEqual(await camera.next(60_000), { state: "stopped" });
  });
});

Deno.test("NativeCamera is stopped after its disposal, which waits for the pending call", async () => {
  await using file = await recordingFile({
    fourcc: "GREY",
    ...SIZE,
    frames: [grey(1, { silent: true })],
  });
  const camera = await NativeCamera.open(file.path, REQUEST);
  const waiting = camera.next(60_000);
  await camera[Symbol.asyncDispose]();
  assert.deepEqual(await waiting, { state: "stopped" });
  assert.deepEqual(await camera.next(60_000), { state: "stopped" });
  camera.lock(true); // without a camera, these do nothing
  camera.stop();
  await camera[Symbol.asyncDispose]();
});

Deno.test("NativeCamera.lock() may be called at any time", async () => {
  await withCamera([grey(1)], async (camera) => {
    camera.lock(true);
    camera.lock(false);
    (await nextFrame(camera)).frame[Symbol.dispose]();
  }, { loop: true });
});

Deno.test("NativeCamera.open() applies transform, width and quality of the request", async () => {
  const request = { transform: "clockwise_90", minWidth: 20, jpegQuality: 70 } as const;
  await withCamera([grey(90)], async (camera) => {
    const { frame } = await nextFrame(camera);
    const { width, height, fullWidth, fullHeight } = frame.image;
    assert.deepEqual([width, height, fullWidth, fullHeight], [24, 32, 48, 64]);
    assert.ok(frame.jpeg && frame.jpeg.length > 100);
  }, { request });
});

Deno.test("NativeCamera.open() states why it fails", async () => {
  await assert.rejects(NativeCamera.open("/dev/video99", REQUEST), (error: unknown) => {
    assert.ok(error instanceof NativeError);
    assert.equal(error.status, "no_device");
    assert.match(error.message, /^Cannot open the camera \/dev\/video99: /);
    return true;
  });
  await using file = await recordingFile({ fourcc: "GREY", ...SIZE, frames: [] });
  await assert.rejects(NativeCamera.open(file.path, { ...REQUEST, format: "YUYV" }), {
    status: "format",
  });
});

Deno.test("listCamerasText() lists cameras without blocking, and stableCameraPath() knows no link of a file", async () => {
  const listing = await assertNonblocking(() => listCamerasText());
  for (const line of listing.split("\n")) assert.match(line, /^((camera|format|size)\t|$)/);
  assert.equal(stableCameraPath("/dev/null"), undefined);
});

Deno.test("NativeCamera.open() keeps its arguments in memory while the native call is pending, and no longer", async () => {
  const collected = new Set<string>();
  const registry = new FinalizationRegistry<string>((name) => collected.add(name));
  const { encode } = TextEncoder.prototype;
  const Buffer = globalThis.ArrayBuffer;
  const watching = (name: string, owner: object): void => registry.register(owner, name);
  const start = () => {
    using _encode = replaced(TextEncoder.prototype, "encode", function (this: TextEncoder, text) {
      const bytes = encode.call(this, text);
      watching("path", bytes.buffer);
      return bytes;
    });
    using _buffer = replaced(
      globalThis,
      "ArrayBuffer",
      class extends Buffer {
        constructor(bytes: number) {
          super(bytes);
          watching(`buffer of ${bytes} bytes`, this);
        }
      } as ArrayBufferConstructor,
    );
    watching("garbage", {});
    return NativeCamera.open("/dev/video99", REQUEST).catch((error: unknown) => error);
  };
  const opening = start();
  collectGarbage(); // before the event loop can take the result
  await waitFor("the garbage collection", () => collected.has("garbage"));
  assert.deepEqual([...collected], ["garbage"]);
  assert.ok(await opening instanceof NativeError);
  await waitFor("the release of the path", () => {
    collectGarbage();
    return collected.has("path");
  });
});
