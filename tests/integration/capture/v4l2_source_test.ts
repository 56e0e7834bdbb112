import assert from "node:assert/strict";
import type { SourceEvent } from "../../../src/capture/frame.ts";
import { SourceError } from "../../../src/capture/frame.ts";
import { INPUT_TRANSFORMS } from "../../../src/capture/transform.ts";
import type { V4l2SourceOptions } from "../../../src/capture/v4l2/options.ts";
import { V4l2Source } from "../../../src/capture/v4l2/source.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import {
  type CameraRecording,
  encodeRecording,
  patternJpegs,
  recordingFile,
} from "../../support/camera_recording.ts";
import { takeFrames, testSource } from "../../support/source_suite.ts";

const jpegs = await patternJpegs({ count: 8 });
const MJPEG = { fourcc: "MJPG", width: 640, height: 480 };
const looped = await recordingFile({
  ...MJPEG,
  loop: true,
  frames: jpegs.map((bytes) => ({ bytes })),
});
globalThis.addEventListener("unload", () => Deno.removeSync(looped.path));

testSource({
  name: "V4L2",
  open: () => new V4l2Source({ device: looped.path, fps: 100 }),
  ends: false,
});

/** Plays a recording once and returns the events until the camera is disconnected. */
async function play(
  recording: CameraRecording,
  options: Partial<V4l2SourceOptions> = {},
): Promise<{ events: SourceEvent[]; counters: Counters }> {
  await using file = await recordingFile(recording);
  const counters = new Counters();
  await using source = new V4l2Source({ device: file.path, fps: 100, counters, ...options });
  const events: SourceEvent[] = [];
  for await (const event of source) {
    events.push(event);
    if (event.kind === "disconnected") break;
  }
  return { events, counters };
}

const framesOf = (events: SourceEvent[]) =>
  events.flatMap((event) => event.kind === "frame" ? [event.frame] : []);

Deno.test("V4l2Source passes the JPEG of the camera unchanged", async () => {
  const { events } = await play({ ...MJPEG, frames: jpegs.map((bytes) => ({ bytes })) });
  const frames = framesOf(events);
  assert.equal(frames.length, jpegs.length);
  frames.forEach((frame, i) => {
    assert.deepEqual(frame.jpeg, jpegs[i]);
    assert.deepEqual([frame.width, frame.height], [640, 480]);
    assert.deepEqual([frame.image.width, frame.image.height], [320, 240]);
  });
});

Deno.test("V4l2Source removes the padding after a JPEG", async () => {
  const padded = new Uint8Array(jpegs[0]!.length + 1000);
  padded.set(jpegs[0]!);
  const { events } = await play({ ...MJPEG, frames: [{ bytes: padded }] });
  assert.deepEqual(framesOf(events)[0]?.jpeg, jpegs[0]);
});

/** Removes the Huffman tables, which Motion JPEG may omit. */
function withoutHuffmanTables(jpeg: Uint8Array): Uint8Array {
  const kept: number[] = [0xff, 0xd8];
  for (let at = 2; at < jpeg.length;) {
    const marker = jpeg[at + 1]!;
    const end = marker === 0xda ? jpeg.length : at + 2 + jpeg[at + 2]! * 256 + jpeg[at + 3]!;
    if (marker !== 0xc4) kept.push(...jpeg.subarray(at, end));
    at = end;
  }
  return Uint8Array.from(kept);
}

Deno.test("V4l2Source decodes a JPEG without Huffman tables, as many webcams send", async () => {
  const [whole] = await patternJpegs({ count: 1, huffman: "default" });
  const bare = withoutHuffmanTables(whole!);
  assert.ok(bare.length < whole!.length);
  const { events } = await play({ ...MJPEG, frames: [{ bytes: whole! }, { bytes: bare }] });
  const [first, second] = framesOf(events);
  assert.deepEqual(second?.image.y, first!.image.y);
  assert.deepEqual(second?.jpeg, bare);
});

Deno.test("V4l2Source skips and counts damaged frames, which leave a gap in the sequence", async () => {
  const [good, other] = [jpegs[0]!, jpegs[1]!];
  const { events, counters } = await play({
    ...MJPEG,
    frames: [
      { bytes: good },
      { bytes: good.subarray(0, good.length / 2) },
      { bytes: new Uint8Array(0) },
      { bytes: good.subarray(0, -2) },
      { bytes: other, damaged: true },
      { bytes: other, lost: 3 },
    ],
  });
  assert.deepEqual(framesOf(events).map((frame) => frame.sequence), [0, 8]);
  assert.equal(counters.get("camera_frames_lost_total", { reason: "damaged" }), 4);
  assert.equal(counters.get("camera_frames_lost_total", { reason: "lost" }), 3);
});

Deno.test("V4l2Source reports a disconnection at once, and continues the sequence afterwards", async () => {
  await using file = await recordingFile({ ...MJPEG, frames: jpegs.map((bytes) => ({ bytes })) });
  await using source = new V4l2Source({ device: file.path, fps: 100 });
  const kinds: string[] = [];
  const sequences: number[] = [];
  for await (const event of source) {
    if (event.kind === "frame") {
      using frame = event.frame;
      sequences.push(frame.sequence);
    }
    if (event.kind !== "frame" || kinds.at(-1) !== "frame") kinds.push(event.kind);
    if (sequences.length === 2 * jpegs.length) break;
  }
  assert.deepEqual(kinds, ["connected", "frame", "disconnected", "connected", "frame"]);
  assert.deepEqual(sequences, [...sequences.keys()]);
});

Deno.test("V4l2Source waits for a camera that returns later", async () => {
  await using file = await recordingFile({ ...MJPEG, frames: jpegs.map((bytes) => ({ bytes })) });
  await using source = new V4l2Source({ device: file.path, fps: 100 });
  const kinds: string[] = [];
  for await (const event of source) {
    if (event.kind === "frame") {
      event.frame[Symbol.dispose]();
      continue;
    }
    kinds.push(event.kind);
    if (event.kind === "disconnected") {
      await Deno.rename(file.path, `${file.path}.away`);
      setTimeout(() => Deno.renameSync(`${file.path}.away`, file.path), 1500);
    }
    if (kinds.length === 3) break;
  }
  assert.deepEqual(kinds, ["connected", "disconnected", "connected"]);
});

Deno.test("V4l2Source reports a silent camera as disconnected", async () => {
  const { events } = await play({
    ...MJPEG,
    frames: [{ bytes: jpegs[0]! }, { bytes: new Uint8Array(0), silent: true }],
  });
  assert.deepEqual(events.map(({ kind }) => kind), ["connected", "frame", "disconnected"]);
  assert.deepEqual(events[2], { kind: "disconnected", reason: "no frame for 2.0 s" });
});

Deno.test("V4l2Source reports a camera that is silent from the start once, and reopens it", async () => {
  const silent = [{ bytes: new Uint8Array(0), silent: true }];
  await using file = await recordingFile({ ...MJPEG, frames: silent });
  await using source = new V4l2Source({ device: file.path, fps: 100 });
  const kinds: string[] = [];
  for await (const event of source) {
    kinds.push(event.kind);
    if (event.kind === "disconnected") {
      const frames = jpegs.map((bytes) => ({ bytes }));
      const withFrames = encodeRecording({ ...MJPEG, frames });
      await Deno.writeFile(`${file.path}.new`, withFrames);
      await Deno.rename(`${file.path}.new`, file.path);
    }
    if (event.kind !== "frame") continue;
    event.frame[Symbol.dispose]();
    break;
  }
  assert.deepEqual(kinds, ["connected", "disconnected", "connected", "frame"]);
});

/** Clock that sleeps for a hundredth of the requested time. */
class QuickClock extends SystemClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(ms / 100, signal);
  }
}

Deno.test({
  name: "V4l2Source ends if a driver does not respond while the camera is reopened",
  sanitizeOps: false, // by design, the native call never returns
  fn: async () => {
    await using file = await recordingFile({ ...MJPEG, frames: [{ bytes: jpegs[0]! }] });
    const source = new V4l2Source({ device: file.path, fps: 100, clock: new QuickClock() });
    const kinds: string[] = [];
    await assert.rejects(async () => {
      for await (const event of source) {
        kinds.push(event.kind);
        if (event.kind !== "disconnected") continue;
        await Deno.writeFile(
          `${file.path}.new`,
          encodeRecording({ ...MJPEG, frames: [], hangs: "opening" }),
        );
        await Deno.rename(`${file.path}.new`, file.path);
      }
    }, /its driver does not respond/);
    assert.deepEqual(kinds, ["connected", "frame", "disconnected"]);
  },
});

Deno.test("V4l2Source ends a wait for a frame at once when it is disposed", async () => {
  await using file = await recordingFile({ ...MJPEG, frames: [{ bytes: jpegs[0]! }] });
  await using source = new V4l2Source({ device: file.path, fps: 0.01 });
  const events = source[Symbol.asyncIterator]();
  assert.equal((await events.next()).value.kind, "connected");
  const waiting = events.next();
  await source[Symbol.asyncDispose]();
  assert.equal((await waiting).done, true);
});

for (
  const { codec, pixelFormat } of [
    { codec: "YUYV", pixelFormat: "yuyv422" },
    { codec: "UYVY", pixelFormat: "uyvy422" },
    { codec: "NV12", pixelFormat: "nv12" },
    { codec: "GREY", pixelFormat: "gray" },
    { codec: "Y10", pixelFormat: "gray10le" },
    { codec: "Y12", pixelFormat: "gray12le" },
    { codec: "Y16", pixelFormat: "gray16le" },
  ]
) {
  Deno.test(`V4l2Source converts ${codec} to an image and a JPEG`, async () => {
    const { stdout } = await new Deno.Command("ffmpeg", {
      args: [
        ...["-v", "error", "-f", "lavfi", "-i", "color=c=0xb08060:s=640x480", "-frames:v", "1"],
        ...["-pix_fmt", pixelFormat, "-f", "rawvideo", "-"],
      ],
    }).output();
    const isGrayscale = pixelFormat.startsWith("gray");
    const recording = {
      fourcc: codec.padEnd(4),
      width: 640,
      height: 480,
      frames: [{ bytes: stdout }],
    };
    const { events } = await play(recording, { codec });
    const frame = framesOf(events)[0]!;
    const { image } = frame;
    assert.deepEqual([image.width, image.height], [320, 240]);
    // BT.601, limited range, of (176, 128, 96); grey is ffmpeg's full range.
    const luma = isGrayscale ? [138, 142] : [132, 136];
    assert.ok(image.y[0]! >= luma[0]! && image.y[0]! <= luma[1]!, `Y is ${image.y[0]}`);
    assert.equal(image.u === undefined, isGrayscale);
    if (image.u && image.v) {
      assert.ok(Math.abs(image.u[0]! - 107) <= 2, `U is ${image.u[0]}`);
      assert.ok(Math.abs(image.v[0]! - 153) <= 2, `V is ${image.v[0]}`);
    }
    assert.ok(frame.jpeg, "the frame has a JPEG");
  });
}

for (const transform of INPUT_TRANSFORMS) {
  Deno.test(`V4l2Source applies ${transform} to image and JPEG alike`, async () => {
    const { events } = await play({ ...MJPEG, frames: [{ bytes: jpegs[0]! }] }, { transform });
    const frame = framesOf(events)[0]!;
    const swapped = transform.includes("90");
    assert.deepEqual([frame.width, frame.height], swapped ? [480, 640] : [640, 480]);
    assert.deepEqual(
      [frame.image.width, frame.image.height],
      swapped ? [240, 320] : [320, 240],
    );
    const again = await play({
      fourcc: "MJPG",
      width: frame.width,
      height: frame.height,
      frames: [{ bytes: frame.jpeg! }],
    }, { analysisWidth: frame.image.width });
    const copy = framesOf(again.events)[0]!.image;
    let difference = 0;
    for (let y = 0; y < copy.height; y++) {
      for (let x = 0; x < copy.width; x++) {
        difference += Math.abs(
          copy.y[y * copy.yStride + x]! - frame.image.y[y * frame.image.yStride + x]!,
        );
      }
    }
    assert.ok(difference / (copy.width * copy.height) < 3, "the same image");
  });
}

Deno.test("V4l2Source reports a device that cannot be opened, with a hint", async () => {
  await using text = await recordingFile({ ...MJPEG, frames: [] });
  const cases: readonly [V4l2SourceOptions, RegExp, RegExp][] = [
    [{ device: "/dev/video250" }, /\/dev\/video250: No such file/, /Plug the camera in/],
    [{ device: "/dev/null" }, /it is not a video device/, /devices/],
    [{ device: import.meta.filename! }, /it is not a video device/, /devices/],
    [{ device: text.path, codec: "YUYV" }, /does not offer the format YUYV/, /--codec/],
  ];
  for (const [options, message, hint] of cases) {
    await using source = new V4l2Source(options);
    await assert.rejects(source[Symbol.asyncIterator]().next(), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(error.message, message);
      assert.match(error.hint, hint);
      return true;
    });
  }
});

Deno.test("V4l2Source at 120 fps yields or counts each frame, with its own time", async () => {
  const count = 240;
  const frames = Array.from({ length: count }, (_, i) => ({ bytes: jpegs[i % jpegs.length]! }));
  const { events, counters } = await play({ ...MJPEG, frames }, { fps: 120 });
  const taken = framesOf(events);
  assert.equal(
    taken.length + counters.get("camera_frames_lost_total", { reason: "overrun" }),
    count,
  );
  taken.forEach((frame, i) => {
    const before = taken[i - 1];
    if (!before) return;
    const periods = frame.sequence - before.sequence;
    assert.ok(Math.abs(frame.timeUs - before.timeUs - periods * 1e6 / 120) <= periods + 1);
  });
});

Deno.test("V4l2Source closes the camera if the consumer throws", async () => {
  const source = new V4l2Source({ device: looped.path, fps: 100 });
  await assert.rejects(
    takeFrames(source, {
      count: 5,
      inspect: () => {
        throw new Error("consumer");
      },
    }),
    /consumer/,
  );
  const threads = [...Deno.readDirSync("/proc/self/task")]
    .map(({ name }) => Deno.readTextFileSync(`/proc/self/task/${name}/comm`).trim());
  assert.ok(!threads.includes("camera"), threads.join());
});
