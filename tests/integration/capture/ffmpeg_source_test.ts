import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { type FfmpegSourceOptions, openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { SourceError } from "../../../src/capture/frame.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { meanRgb } from "../../support/region_mean.ts";
import { childProcesses, takeFrames, testSource } from "../../support/source_suite.ts";

const folder = new TemporaryFolder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());

/** A second of a moving test image. */
async function clip(name: string, ...args: string[]): Promise<string> {
  const path = folder.file(name);
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1", ...args, path);
  return path;
}

const h264 = await clip("h264.mp4", "-c:v", "libx264", "-preset", "ultrafast");
const mjpeg = await clip("mjpeg.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "3");

testSource({
  name: "a recorded video at full speed",
  open: () => openFfmpegSource({ input: h264, realtime: false }),
  ends: true,
});
testSource({
  name: "a recorded MJPEG video",
  open: () => openFfmpegSource({ input: mjpeg, realtime: false }),
  ends: true,
});
testSource({
  name: "a recorded video in real time",
  open: () => openFfmpegSource({ input: h264 }),
  ends: true,
});
testSource({
  name: "a recorded video in a loop",
  open: () => openFfmpegSource({ input: h264, realtime: false, loop: true }),
  ends: false,
});

Deno.test("openFfmpegSource() keeps the frame interval from one pass of a loop to the next", async () => {
  await using source = await openFfmpegSource({ input: h264, realtime: false, loop: true });
  const times = await takeFrames(source, { count: 60, inspect: (frame) => frame.timeUs });
  for (const [i, time] of times.entries()) {
    assert.ok(Math.abs(time - times[0]! - i * 40_000) <= 2, `frame ${i} at ${time - times[0]!}`);
  }
});

Deno.test("openFfmpegSource() reports the reason of ffmpeg for a missing, invalid or audio-only input", async () => {
  const garbage = folder.file("garbage.mp4");
  await Deno.writeFile(garbage, crypto.getRandomValues(new Uint8Array(20_000)));
  const sound = folder.file("sound.mkv");
  await ffmpeg("-f", "lavfi", "-i", "sine=duration=0.1", sound);
  const cases = [
    [folder.file("missing.mp4"), /missing\.mp4: No such file or directory/],
    [garbage, /garbage\.mp4: /],
    [sound, /it has no video stream/],
  ] as const;
  for (const [input, reason] of cases) {
    await assert.rejects(
      openFfmpegSource({ input }),
      (error) => error instanceof SourceError && reason.test(error.message) && error.hint !== "",
      input,
    );
  }
});

Deno.test("openFfmpegSource() passes the JPEGs of an MJPEG video unchanged and decodes them scaled", async () => {
  const large = await clip("large.avi", "-vf", "scale=1280:960", "-c:v", "mjpeg", "-q:v", "3");
  const first = folder.file("first.jpg");
  await ffmpeg("-i", large, "-c:v", "copy", "-frames:v", "1", "-f", "image2", first);
  await using source = await openFfmpegSource({ input: large, realtime: false });
  const [seen] = await takeFrames(source, {
    count: 1,
    inspect: ({ jpeg, width, height, image }) => ({ jpeg, width, height, inside: image.width }),
  });
  assert.deepEqual(seen!.jpeg, await Deno.readFile(first));
  assert.deepEqual([seen!.width, seen!.height, seen!.inside], [1280, 960, 320]);
});

Deno.test("openFfmpegSource() gives the same colors for every output format of ffmpeg", async () => {
  const quarters = [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [
    0.5,
    0.5,
    1,
    1,
  ]] as const;
  const colors = async (input: string, transform: "none" | "clockwise_180" = "none") => {
    await using source = await openFfmpegSource({ input, realtime: false, transform });
    const [means] = await takeFrames(source, {
      count: 1,
      inspect: ({ image }) => quarters.map((edges) => meanRgb(image, edges)),
    });
    return transform === "none" ? means! : means!.toReversed();
  };
  const limited = await colors(h264);
  const variants = [await colors(mjpeg), await colors(mjpeg, "clockwise_180")];
  for (const means of variants) {
    for (const [i, value] of means.flat().entries()) {
      assert.ok(Math.abs(value - limited.flat()[i]!) < 3, `${value} and ${limited.flat()[i]}`);
    }
  }
});

Deno.test("openFfmpegSource() applies the rotation of the metadata and of the options", async () => {
  const turned = folder.file("turned.mp4");
  await ffmpeg("-i", h264, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned);
  const size = async (options: FfmpegSourceOptions) => {
    await using source = await openFfmpegSource({ realtime: false, ...options });
    const [seen] = await takeFrames(source, {
      count: 1,
      inspect: ({ width, height }) => ({ width, height }),
    });
    return `${seen!.width}x${seen!.height}`;
  };
  assert.equal(await size({ input: turned }), "240x320");
  assert.equal(await size({ input: turned, transform: "clockwise_90" }), "320x240");
  assert.equal(await size({ input: mjpeg, transform: "counterclockwise_90" }), "240x320");
  assert.equal(await size({ input: mjpeg, transform: "mirror_horizontal" }), "320x240");
});

Deno.test("openFfmpegSource() replaces the timestamps of a video by a file of frame times", async () => {
  const timesPath = folder.file("times.txt");
  const times = Array.from({ length: 25 }, (_, i) => 1000 + 50 * i + (i % 3));
  await Deno.writeTextFile(timesPath, times.join("\n") + "\n");
  await using source = await openFfmpegSource({ input: h264, realtime: false, timesPath });
  const seen = await takeFrames(source, { count: Infinity, inspect: (frame) => frame.timeUs });
  assert.deepEqual(seen.map((us) => (us - seen[0]!) / 1000), times.map((ms) => ms - 1000));

  await Deno.writeTextFile(timesPath, "0\n40\n80\n");
  await using short = await openFfmpegSource({ input: h264, realtime: false, timesPath });
  await assert.rejects(
    takeFrames(short, { count: Infinity, inspect: () => {} }),
    /ends after 3 frames/,
  );
});

Deno.test("RecordedSource restarts a killed ffmpeg without losing or repeating a frame", async () => {
  const counters = new Counters();
  await using source = await openFfmpegSource({ input: h264, counters });
  const before = childProcesses();
  const times: number[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    times.push(frame.timeUs);
    if (times.length === 10) {
      // In real time, most frames are still in ffmpeg or in its pipe.
      for (const pid of childProcesses()) if (!before.includes(pid)) Deno.kill(pid, "SIGKILL");
    }
  }
  assert.equal(times.length, 25);
  for (const [i, time] of times.entries()) {
    assert.ok(Math.abs(time - times[0]! - i * 40_000) <= 2, `frame ${i}`);
  }
});

Deno.test("RecordedSource plays a truncated video to its end", async () => {
  const cut = folder.file("cut.avi");
  const whole = await Deno.readFile(mjpeg);
  await Deno.writeFile(cut, whole.subarray(0, whole.length / 2));
  await using source = await openFfmpegSource({ input: cut, realtime: false });
  const frames = await takeFrames(source, { count: Infinity, inspect: () => {} });
  assert.ok(frames.length > 5 && frames.length < 25, `${frames.length} frames`);
});

Deno.test("openFfmpegSource() reports a wrong PHYSIOLOGY_FFMPEG", async () => {
  const before = Deno.env.get("PHYSIOLOGY_FFMPEG");
  Deno.env.set("PHYSIOLOGY_FFMPEG", folder.file("no_ffmpeg"));
  try {
    await assert.rejects(
      openFfmpegSource({ input: h264 }),
      (error) =>
        error instanceof SourceError && /PHYSIOLOGY_FFMPEG names: .*no_ffmpeg$/.test(error.message),
    );
  } finally {
    if (before === undefined) Deno.env.delete("PHYSIOLOGY_FFMPEG");
    else Deno.env.set("PHYSIOLOGY_FFMPEG", before);
  }
});

Deno.test("RecordedSource in real time drops and counts the frames of a late consumer, and keeps their times", async () => {
  let nowUs = 0;
  const clock: Clock = {
    monotonicUs: () => monotonicUs(nowUs),
    epochUs: (us) => epochUs(us),
    sleep: (ms) => Promise.resolve(void (nowUs += 1000 * ms)),
  };
  const counters = new Counters();
  await using source = await openFfmpegSource({ input: h264, clock, counters });
  const seen: { timeUs: number; sequence: number }[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    seen.push({ timeUs: frame.timeUs, sequence: frame.sequence });
    nowUs += 400_000; // ten frames pass while one is processed
  }
  const lost = counters.get("dropped_total", { class: "capture", reason: "consumer_late" });
  assert.equal(seen.length + lost, 25);
  assert.ok(lost > 10, `${lost} lost`);
  for (const { timeUs, sequence } of seen) {
    assert.ok(Math.abs(timeUs - seen[0]!.timeUs - sequence * 40_000) <= 2);
  }
});

Deno.test("openFfmpegSource() gives images without chroma for a grey video", async () => {
  const grey = await clip("grey.avi", "-c:v", "rawvideo", "-pix_fmt", "gray");
  await using source = await openFfmpegSource({ input: grey, realtime: false });
  const [seen] = await takeFrames(source, {
    count: 1,
    inspect: ({ image }) => ({ luma: image.y.length, colored: image.u !== undefined }),
  });
  assert.deepEqual(seen, { luma: 320 * 240, colored: false });
});

Deno.test("openFfmpegSource() repeats a still image with one ffmpeg process", async () => {
  for (const name of ["photo.jpg", "photo.png"]) {
    const photo = folder.file(name);
    await ffmpeg("-i", h264, "-frames:v", "1", "-update", "1", "-f", "image2", photo);
    const before = childProcesses();
    await using source = await openFfmpegSource({ input: photo, realtime: false, loop: true });
    const children = new Set<number>();
    const times = await takeFrames(source, {
      count: 40,
      inspect: ({ timeUs }) => {
        for (const pid of childProcesses()) if (!before.includes(pid)) children.add(pid);
        return timeUs;
      },
    });
    assert.equal(children.size, 1);
    assert.ok(Math.abs(times.at(-1)! - times[0]! - 39 * 33_333) < 100);
  }
});
