import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { SourceEvent } from "../../../src/capture/frame.ts";
import { LibcameraSource } from "../../../src/capture/libcamera/source.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { type RpicamBehavior, rpicamStandIn } from "../../support/rpicam.ts";
import { waitFor } from "../../support/wait.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { testSource } from "../../support/source_suite.ts";

const EMPTY = { scene: "empty", noise: 0 } as const;
const SETTINGS = {
  index: 0,
  width: 128,
  height: 96,
  fps: 30,
  format: "raw",
  transform: "none",
  powerLine: "50",
  analysisWidth: 320,
  jpegQuality: 80,
} as const;

const standIn = rpicamStandIn({ person: EMPTY, rowPadding: 64 });
const path = Deno.env.get("PATH")!;
Deno.env.set("PATH", standIn.path);
globalThis.addEventListener("unload", () => {
  Deno.env.set("PATH", path);
  standIn[Symbol.dispose]();
});

testSource({ name: "libcamera", open: () => new LibcameraSource(SETTINGS), ends: false });

/** Plays the stand-in until `isEnough`. */
async function play(
  behavior: RpicamBehavior,
  isEnough: (events: readonly SourceEvent[]) => boolean,
): Promise<{ events: readonly SourceEvent[]; ages: number[]; counters: Counters }> {
  standIn.change({ person: EMPTY, ...behavior });
  const counters = new Counters();
  await using source = new LibcameraSource({ ...SETTINGS, counters });
  const events: SourceEvent[] = [];
  const ages: number[] = [];
  for await (const event of source) {
    events.push(event);
    if (event.kind === "frame") ages.push(performance.now() - event.frame.timeUs / 1000);
    if (event.kind === "disconnected") standIn.change({ person: EMPTY });
    if (isEnough(events)) break;
  }
  return { events, ages, counters };
}

const framesIn = (events: readonly SourceEvent[]) =>
  events.filter(({ kind }) => kind === "frame").length;

Deno.test("LibcameraSource waits for late metadata, and keeps the times of the sensor", async () => {
  const { events, ages } = await play({ metadataDelayMs: 20 }, (all) => framesIn(all) === 10);
  for (const age of ages) assert.ok(age >= 20 && age < 2_000, `${age} ms`);
  const times = events.flatMap((event) => event.kind === "frame" ? [event.frame.timeUs] : []);
  for (const [i, timeUs] of times.entries()) {
    const intervals = i === 0 ? 1 : (timeUs - times[i - 1]!) / (1e6 / 30);
    assert.ok(Math.abs(intervals - Math.round(intervals)) < 0.01, `${intervals} intervals`);
  }
});

Deno.test("LibcameraSource drops frames without metadata, and leaves gaps in the sequence", async () => {
  const { events, counters } = await play({ omitEvery: 4 }, (all) => framesIn(all) === 9);
  assert.ok(counters.get("camera_frames_lost_total", { reason: "unmatched" }) >= 2);
  const frames = events.flatMap((event) => event.kind === "frame" ? [event.frame] : []);
  for (const [i, { sequence, timeUs }] of frames.entries()) {
    const before = frames[i - 1];
    if (!before) continue;
    const intervals = Math.round((timeUs - before.timeUs) / (1e6 / 30));
    assert.equal(sequence - before.sequence, intervals);
  }
});

Deno.test("LibcameraSource converts the times of a machine that was suspended", async () => {
  const { ages } = await play({ suspendedUs: 86_400_000_000 }, (all) => framesIn(all) === 3);
  for (const age of ages) assert.ok(age >= 0 && age < 2_000, `${age} ms`);
});

for (const behavior of [{ freezeAfter: 5 }, { exitAfter: 5 }]) {
  const [name] = Object.keys(behavior);
  Deno.test(`LibcameraSource reconnects to a camera with ${name}`, async () => {
    const { events } = await play(behavior, (all) => framesIn(all) === 8);
    const changes = events.flatMap(({ kind }) => kind === "frame" ? [] : [kind]);
    assert.deepEqual(changes, ["connected", "disconnected", "connected"]);
  });
}

Deno.test("rpicam-vid ends when the server is killed", async () => {
  using camera = rpicamStandIn({ person: EMPTY });
  using folder = temporaryFolder();
  await using server = startProgram([
    ...["--use_camera", "--camera_source=libcamera", "--streaming_backend=file"],
    ...["--capture_width_px=128", "--capture_height_px=96"],
  ], { env: { PATH: camera.path }, cwd: folder.path });
  await waitFor("a connected camera", () => server.stderr.includes("Camera connected"), {
    timeoutMs: 30_000,
  });
  const children = server.descendants();
  assert.ok(children.length > 0, "a program reads the camera");
  server.kill("SIGKILL");
  await server.ended;
  await waitFor("the end of all", () => !children.some((pid) => existsSync(`/proc/${pid}`)));
});

Deno.test("server measures the pulse of a person before a camera of libcamera", async () => {
  using person = rpicamStandIn({ person: { pulse: 84, variability: 0 }, rowPadding: 64 });
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using server = startProgram([
    ...["--use_camera", "--camera_source=libcamera", `--redis_port=${broker.port}`],
    // The heart of the simulated person would start anew with a restart.
    ...["--capture_width_px=320", "--capture_height_px=240", "--noauto_lock"],
  ], { env: { PATH: person.path } });
  const { payload } = await subscriber.first(
    "core_metrics",
    ({ payload }) => payload.pulse?.strict !== undefined,
    60_000,
  );
  assert.ok(Math.abs(payload.pulse!.strict!.value - 84) < 3, `${payload.pulse!.strict!.value}`);
  const frame = await subscriber.first("frame");
  assert.deepEqual([frame.payload.width, frame.payload.height], [320, 240]);
  server.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
});
