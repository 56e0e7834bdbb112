import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { SourceError } from "../../../src/capture/frame.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { takeFrames, testSource } from "../../support/source_suite.ts";

const folder = new TemporaryFolder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());

/** A second of a moving test picture. */
async function clip(name: string, ...args: string[]): Promise<string> {
  const path = folder.file(name);
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1", ...args, path);
  return path;
}

const h264 = await clip("h264.mp4", "-c:v", "libx264", "-preset", "ultrafast");

testSource({
  name: "a recorded video at full speed",
  open: () => openFfmpegSource({ input: h264, realtime: false }),
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

Deno.test("a loop goes on with the same step between its frames", async () => {
  await using source = await openFfmpegSource({ input: h264, realtime: false, loop: true });
  const times = await takeFrames(source, { count: 60, look: (frame) => frame.timeUs });
  for (const [i, time] of times.entries()) {
    assert.ok(Math.abs(time - times[0]! - i * 40_000) <= 2, `frame ${i} at ${time - times[0]!}`);
  }
});

Deno.test("a video that is missing, garbage or only sound says ffmpeg's own reason", async () => {
  const garbage = folder.file("garbage.mp4");
  await Deno.writeFile(garbage, crypto.getRandomValues(new Uint8Array(20_000)));
  const sound = folder.file("sound.wav");
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
