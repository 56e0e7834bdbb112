import assert from "node:assert/strict";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { VideoPushSink } from "../../../../src/transports/video_push/video_push_sink.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { freePort } from "../../../support/free_port.ts";
import { clock, frame } from "../../../support/messages.ts";
import { waitFor } from "../../../support/wait.ts";

/** A sink whose ffmpeg does not exist. */
function openSink() {
  const [counters, log] = [new Counters(), new CollectingLog()];
  const port = freePort();
  const sink = new VideoPushSink({
    url: `rtsp://me:hunter2@127.0.0.1:${port}/bed`,
    address: { host: "127.0.0.1", port, tls: false },
    executable: {
      path: "/nonexistent/ffmpeg",
      version: "7.1.5-physiology",
      libavutil: [59, 1, 100],
      build: "own",
      passthrough: ["-fps_mode", "passthrough"],
    },
  }, { clock, counters, log });
  return { sink, counters, log, [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() };
}

Deno.test("VideoPushSink wants frames from its start to its end", async () => {
  await using device = openSink();
  assert.equal(device.sink.framesWanted, false);
  device.sink.start();
  assert.equal(device.sink.framesWanted, true);
  await device.sink[Symbol.asyncDispose]();
  assert.equal(device.sink.framesWanted, false);
  device.sink.start();
  assert.equal(device.sink.framesWanted, false);
});

Deno.test("VideoPushSink never throws: it tries again if the system does not start ffmpeg", async () => {
  await using device = openSink();
  const { sink, counters, log } = device;
  sink.start();
  sink.offer(frame(1));
  assert.equal(sink.framesWanted, false);
  const [line] = log.linesWith("Cannot push video");
  assert.match(line!, /to="rtsp:\/\/\*\*\*@127\.0\.0\.1:\d+\/bed" reason="no such file/);
  sink.offer(frame(2));
  assert.equal(counters.get("video_push_restarts_total"), 0);
  await waitFor("the next attempt", () => sink.framesWanted);
  sink.offer(frame(3));
  assert.equal(counters.get("video_push_restarts_total"), 1);
});
