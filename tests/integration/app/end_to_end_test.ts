import assert from "node:assert/strict";
import { lazy } from "../../../src/base/lazy.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { type Received, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { runProgram } from "../../support/run_program.ts";
import { startRedis } from "../../support/redis_server.ts";
import { testWithShared } from "../../support/shared_data.ts";

/** Plays a video in real time to its end and returns the subscriber with all its messages. */
async function play(path: string): Promise<Subscriber> {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using server = startProgram([
    `--input_video_path=${path}`,
    `--redis_port=${broker.port}`,
  ]);
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  await subscriber.first("status", ({ payload }) => payload.name === "STOPPING");
  return subscriber;
}

/** Plays twelve seconds of a simulated person of 54 beats/min, whose camera lost frames. */
const playSimulated = lazy(async (): Promise<Subscriber> => {
  using folder = new TemporaryFolder();
  const [whole, clip] = [folder.file("whole.avi"), folder.file("clip.mkv")];
  const { status, stderr } = await runProgram([
    "simulate",
    "--simulate_pulse=54",
    "--duration=12",
    `--output=${whole}`,
  ]);
  assert.equal(status, 0, stderr);
  const lost = ["-vf", "select=not(eq(mod(n\\,9)\\,4))", "-vsync", "passthrough"];
  await ffmpeg("-i", whole, ...lost, "-c:v", "mjpeg", "-q:v", "3", clip);
  return await play(clip);
});

/** Checks that the first pulse of 52 to 56 comes within 10 s, and no other pulse. */
function assertPulse(subscriber: Subscriber): void {
  const core = subscriber.all("core_metrics");
  const first = core.findIndex(({ payload }) => payload.pulse?.strict);
  assert.ok(first >= 0, "no strict pulse at all");
  const seconds = (core[first]!.timestamp - core[0]!.timestamp) / 1e6;
  assert.ok(seconds <= 10, `the first strict pulse came after ${seconds} s`);
  for (const { payload } of core.slice(first)) {
    const value = payload.pulse?.strict?.value;
    if (value !== undefined) assert.ok(value >= 52 && value <= 56, `${value} beats/min`);
  }
  assert.ok(subscriber.all("frame").length > 250, "frames are missing");
}

/**
 * Checks that timestamps and arrivals span `seconds`, at 30 fps with some frames lost.
 *
 * @param fromS seconds from the first message from which arrivals are compared with timestamps
 */
function assertTiming(
  subscriber: Subscriber,
  { seconds, fromS = 0 }: { readonly seconds: number; readonly fromS?: number },
): void {
  const frames = subscriber.all("frame");
  for (const messages of [frames, subscriber.all("core_metrics")]) {
    const [first, last] = [messages[0]!, messages.at(-1)!];
    const spanS = (last.timestamp - first.timestamp) / 1e6;
    assert.ok(Math.abs(spanS - seconds) < 0.5, `${spanS} s by the timestamps`);
    const from = messages.find(({ timestamp }) => timestamp >= first.timestamp + fromS * 1e6)!;
    const stampedS = (last.timestamp - from.timestamp) / 1e6;
    const arrivedS = (last.receivedMs - from.receivedMs) / 1e3;
    assert.ok(
      Math.abs(stampedS - arrivedS) < 0.5,
      `${stampedS} s by the timestamps, ${arrivedS} s by the arrivals`,
    );
  }
  const gaps = frames.slice(1).map((frame, i) => frame.timestamp - frames[i]!.timestamp);
  assert.ok(gaps.every((gap) => gap > 0));
  // The clip's frames are 33 ms apart, and 67 ms if its camera lost one.
  for (const apartMs of [33, 67]) {
    assert.ok(gaps.some((gap) => Math.abs(gap / 1000 - apartMs) < 2), `no gap of ${apartMs} ms`);
  }
}

Deno.test("server publishes a strict pulse of 52 to 56 within 10 s for a simulated 54 beats/min", async () => {
  assertPulse(await playSimulated());
});

Deno.test("server keeps the timing of a simulated clip with lost frames", async () => {
  // On a busy machine, the start of the server delays the first messages.
  assertTiming(await playSimulated(), { seconds: 11.8, fromS: 5 });
});

testWithShared(
  "server publishes a strict pulse of 52 to 56 within 10 s for a face of 54 beats/min",
  ["data/video/evm_face.mp4"],
  async ([path]) => assertPulse(await play(path!)),
);

testWithShared(
  "server publishes NO_FACES_FOUND and never a pulse for a wrist",
  ["data/video/evm_wrist.mp4"],
  async ([path]) => {
    const subscriber = await play(path!);
    assert.ok(subscriber.all("status").some(({ payload }) => payload.name === "NO_FACES_FOUND"));
    for (const { payload } of subscriber.all("core_metrics")) {
      assert.equal(payload.pulse?.strict, undefined);
      assert.ok(payload.withheld?.pulse, "no reason for the missing pulse");
    }
  },
);

testWithShared(
  "server keeps the timing of a webcam with a variable frame rate",
  ["data/video/vfr_webcam.mp4"],
  async ([path]) => assertTiming(await play(path!), { seconds: 13.5 }),
);

Deno.test("server publishes the envelopes of the contract on five channels from a simulated camera", async () => {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker, "ward7");
  await using server = startProgram([
    "--simulate",
    "--simulate_pulse=72",
    "--simulate_breathing=15",
    `--redis_port=${broker.port}`,
    "--redis_key_prefix=ward7",
    "--start_with_recording_on",
  ]);
  await subscriber.first("core_metrics", ({ payload }) => payload.pulse?.strict !== undefined);
  await subscriber.first(
    "core_metrics",
    ({ payload }) => payload.breathing?.strict !== undefined,
    60_000,
  );
  await subscriber.first("recording_state", ({ payload }) => payload.recording);
  server.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
  await subscriber.first("status", ({ payload }) => payload.name === "STOPPING");

  for (
    const type of ["core_metrics", "edge_metrics", "status", "frame", "recording_state"] as const
  ) {
    // On a busy machine, lost messages are sent again beside the live ones, marked as replayed.
    const messages = subscriber.all(type).filter((message) => !isReplayed(message));
    assert.ok(subscriber.all(type).length > 0, `no message on ${type}`);
    for (const [i, message] of messages.entries()) {
      const { receivedMs: _, ...envelope } = message;
      assert.deepEqual(Object.keys(envelope), ["type", "timestamp", "payload"]);
      assert.ok(Number.isSafeInteger(envelope.timestamp));
      if (i > 0) {
        assert.ok(envelope.timestamp > messages[i - 1]!.timestamp, `${type} is not in order`);
      }
    }
  }
  const core = subscriber.all("core_metrics").filter((message) => !isReplayed(message));
  for (const { payload } of core) {
    for (const vital of ["pulse", "breathing"] as const) {
      const hasStrict = payload[vital]?.strict !== undefined;
      assert.notEqual(
        hasStrict,
        payload.withheld?.[vital] !== undefined,
        `${vital}: strict and withheld`,
      );
    }
  }
  const times = core.flatMap(({ payload }) => payload.pulse?.trace ?? [])
    .map(({ timestamp }) => timestamp);
  assert.ok(times.length > 100, "the trace is too short");
  const [first, last] = [core[0]!, core.at(-1)!];
  const periods = last.payload.metadata.sequence - first.payload.metadata.sequence;
  const meanPeriodMs = (last.timestamp - first.timestamp) / periods / 1000;
  assert.ok(Math.abs(meanPeriodMs - 200) < 10, `a core message every ${meanPeriodMs} ms`);
});

function isReplayed({ payload }: Received): boolean {
  return "metadata" in payload && payload.metadata.replayed === true;
}
