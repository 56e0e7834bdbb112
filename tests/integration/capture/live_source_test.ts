import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import type { SourceEvent } from "../../../src/capture/frame.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { MjpegServer } from "../../support/mjpeg_server.ts";
import { childProcesses, takeFrames, testSource } from "../../support/source_suite.ts";
import { waitFor } from "../../support/wait.ts";

const jpeg = await (async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("image.jpg");
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "1", path);
  return await Deno.readFile(path);
})();

testSource({
  name: "a live source",
  open: () => openFfmpegSource({ input: "lavfi:testsrc2=size=160x120:rate=25" }),
  ends: false,
});

/** Consumes a source and records its events, and the number of its frames. */
function follow(source: AsyncIterable<SourceEvent>) {
  const seen = { events: [] as Exclude<SourceEvent, { kind: "frame" }>[], frames: 0, lastUs: 0 };
  const done = (async () => {
    for await (const event of source) {
      if (event.kind !== "frame") {
        seen.events.push(event);
        continue;
      }
      using frame = event.frame;
      assert.ok(frame.timeUs > seen.lastUs, "times increase over every reconnection");
      seen.lastUs = frame.timeUs;
      seen.frames++;
    }
  })();
  return { seen, done };
}

Deno.test("LiveSource passes the JPEGs of a network camera unchanged, timed by their arrival", async () => {
  await using camera = new MjpegServer(jpeg, { fps: 12.5 });
  await using source = await openFfmpegSource({ input: camera.url });
  const frames = await takeFrames(source, {
    count: 12,
    inspect: ({ timeUs, jpeg }) => ({ timeUs, size: jpeg?.length }),
  });
  assert.ok(frames.every(({ size }) => size === jpeg.length));
  const meanUs = (frames.at(-1)!.timeUs - frames[0]!.timeUs) / (frames.length - 1);
  // The interval is 80 ms; ffmpeg alone would assume 40 ms. The first frames may come in a burst.
  assert.ok(meanUs > 55_000 && meanUs < 160_000, `${meanUs} us apart`);
});

Deno.test("LiveSource reports a silent camera as disconnected, then as connected again", async () => {
  await using camera = new MjpegServer(jpeg);
  const source = await openFfmpegSource({ input: camera.url });
  const { seen, done } = follow(source);
  await waitFor("frames", () => seen.frames > 5);
  camera.silent = true;
  await waitFor("the disconnection", () => seen.events.length === 1);
  assert.deepEqual(seen.events[0], { kind: "disconnected", reason: "no frame for 2.0 s" });
  camera.silent = false;
  await waitFor("the connection", () => seen.events.length === 2, { timeoutMs: 30_000 });
  assert.equal(seen.events[1]!.kind, "connected");
  const before = seen.frames;
  await waitFor("more frames", () => seen.frames > before + 5);
  await source[Symbol.asyncDispose]();
  await done;
});

Deno.test("LiveSource reconnects to a camera that returns at its address", async () => {
  const first = new MjpegServer(jpeg);
  const { port, url } = first;
  const source = await openFfmpegSource({ input: url });
  const { seen, done } = follow(source);
  await waitFor("frames", () => seen.frames > 2);
  await first[Symbol.asyncDispose]();
  await waitFor("the disconnection", () => seen.events.length === 1);
  await using second = new MjpegServer(jpeg, { port });
  await waitFor("the connection", () => seen.events.length === 2, { timeoutMs: 30_000 });
  assert.deepEqual(seen.events.map(({ kind }) => kind), ["disconnected", "connected"]);
  assert.ok(second.visits > 0);
  await source[Symbol.asyncDispose]();
  await done;
});

Deno.test("LiveSource waits for a camera that is not available yet, and reports the reason once", async () => {
  const port = (() => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return listener.addr.port;
  })();
  const source = await openFfmpegSource({ input: `http://127.0.0.1:${port}/stream` });
  const { seen, done } = follow(source);
  await waitFor("the reason", () => seen.events.length === 1);
  const [event] = seen.events;
  assert.ok(event?.kind === "disconnected" && /Connection refused/.test(event.reason));
  await using _camera = new MjpegServer(jpeg, { port });
  await waitFor("frames", () => seen.frames > 2, { timeoutMs: 30_000 });
  assert.equal(seen.events.length, 2);
  await source[Symbol.asyncDispose]();
  await done;
});

Deno.test("LiveSource reports a killed ffmpeg as a disconnection and restarts it", async () => {
  const before = childProcesses();
  const source = await openFfmpegSource({ input: "lavfi:testsrc2=size=160x120:rate=25" });
  const { seen, done } = follow(source);
  await waitFor("frames", () => seen.frames > 2);
  for (const pid of childProcesses()) if (!before.includes(pid)) Deno.kill(pid, "SIGKILL");
  await waitFor("the connection", () => seen.events.length === 2);
  assert.deepEqual(seen.events[0], {
    kind: "disconnected",
    reason: "ffmpeg was terminated by SIGKILL",
  });
  await source[Symbol.asyncDispose]();
  await done;
});

Deno.test("LiveSource drops and counts the oldest frames of a late consumer, and keeps their times", async () => {
  const counters = new Counters();
  await using source = await openFfmpegSource({
    input: "lavfi:testsrc2=size=160x120:rate=50",
    counters,
  });
  const events = source[Symbol.asyncIterator]();
  const take = async () => {
    const { value } = await events.next();
    assert.ok(value?.kind === "frame");
    using frame = value.frame;
    return { sequence: frame.sequence, timeUs: frame.timeUs };
  };
  await take();
  const labels = { class: "capture", reason: "consumer_late" };
  await waitFor("lost frames", () => counters.get("dropped_total", labels) > 20);
  const [a, b] = [await take(), await take()];
  assert.ok(a.sequence > 15, `${a.sequence}`);
  assert.equal(b.sequence, a.sequence + 1);
  assert.ok(Math.abs(b.timeUs - a.timeUs - 20_000) < 15_000, `${b.timeUs - a.timeUs}`);
});
