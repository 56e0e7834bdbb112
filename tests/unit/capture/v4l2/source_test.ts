import assert from "node:assert/strict";
import { NativeCamera } from "../../../../ffi/camera.ts";
import type { CameraRead } from "../../../../ffi/camera_values.ts";
import { NativeError } from "../../../../ffi/library.ts";
import { Appliance } from "../../../../src/app/appliance.ts";
import type { SourceEvent } from "../../../../src/capture/frame.ts";
import { V4l2Source } from "../../../../src/capture/v4l2/source.ts";
import { Bus } from "../../../../src/delivery/bus.ts";
import { Recording } from "../../../../src/control/recording.ts";
import { EnvelopeFactory } from "../../../../src/envelopes/envelope_factory.ts";
import { FrameOutput } from "../../../../src/frames/frame_output.ts";
import { FramePacing } from "../../../../src/frames/pacing.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { Health } from "../../../../src/telemetry/health.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { createVitalsEngine } from "../../../../src/vitals/engine.ts";
import { gradientImage } from "../../../support/gradient_image.ts";
import { goodSample } from "../../../support/samples.ts";

const LOSSES = { lost: 0, damaged: 0, overrun: 0, reason: "" };
const FAILED: CameraRead = { state: "failed", reason: "unplugged" };
const TIMEOUT: CameraRead = { state: "timeout", losses: LOSSES };

/** A clock that records its sleeps: pauses end at once, time limits when they are cancelled. */
class RecordingClock extends SystemClock {
  readonly sleeps: number[] = [];
  /** Number of time limits that have not been cancelled. */
  pending = 0;

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    if (ms < 5000 || signal?.aborted) return Promise.resolve();
    this.pending++;
    return new Promise((resolve) =>
      signal?.addEventListener("abort", () => {
        this.pending--;
        resolve();
      })
    );
  }
}

type Read = "frame" | CameraRead;

/** Counts what the fake cameras were asked to do. */
interface Driver {
  /** Timeout of each read in milliseconds. */
  readonly waits: number[];
  /** Locks of each camera that was opened. */
  readonly locks: boolean[][];
  opened: number;
  closed: number;
  frames: number;
  disposed: number;
}

/**
 * Replaces the native camera while `run` runs: the n-th opened one gives the n-th list of reads and
 * then ends.
 */
async function withCameras(
  cameras: readonly (readonly Read[] | Error)[],
  { fps = 30 }: { fps?: number },
  run: (source: V4l2Source, driver: Driver, clock: RecordingClock) => Promise<void>,
): Promise<Driver> {
  const driver: Driver = { waits: [], locks: [], opened: 0, closed: 0, frames: 0, disposed: 0 };
  let nowUs = 1_000_000;
  const take = (read: Read): CameraRead => {
    if (read !== "frame") return read;
    const sequence = driver.frames++;
    nowUs += 33_333;
    const image = { ...gradientImage(64, 48), fullWidth: 64, fullHeight: 48 };
    const frame = {
      image,
      timeUs: nowUs,
      sequence,
      [Symbol.dispose]: () => void driver.disposed++,
    };
    return { state: "frame", frame: frame as never, losses: LOSSES };
  };
  const { open } = NativeCamera;
  NativeCamera.open = () => {
    const reads = cameras[driver.opened++] ?? [];
    if (reads instanceof Error) return Promise.reject(reads);
    const locks: boolean[] = [];
    driver.locks.push(locks);
    let at = 0;
    const camera = {
      granted: { width: 64, height: 48, fps, format: "MJPG", name: "fake", bus: "b", driver: "d" },
      next(ms: number): Promise<CameraRead> {
        driver.waits.push(ms);
        const read = reads[at++];
        return Promise.resolve(read === undefined ? { state: "stopped" } : take(read));
      },
      lock: (on: boolean) => void locks.push(on),
      stop() {},
      [Symbol.asyncDispose]() {
        driver.closed++;
        return Promise.resolve();
      },
    };
    return Promise.resolve(camera as unknown as NativeCamera);
  };
  try {
    const clock = new RecordingClock();
    await using source = new V4l2Source({ device: "/dev/fake", fps, clock });
    await run(source, driver, clock);
  } finally {
    NativeCamera.open = open;
  }
  return driver;
}

/** Reads the source to its end and returns the kinds of its events. */
async function kindsOf(source: AsyncIterable<SourceEvent>): Promise<string[]> {
  const kinds: string[] = [];
  for await (const event of source) {
    kinds.push(event.kind);
    if (event.kind === "frame") event.frame[Symbol.dispose]();
  }
  return kinds;
}

for (
  const { fps, silenceMs } of [
    { fps: 120, silenceMs: 2000 },
    { fps: 2.5, silenceMs: 2000 },
    { fps: 2, silenceMs: 2500 },
    { fps: 1, silenceMs: 5000 },
  ]
) {
  Deno.test(`V4l2Source waits ${silenceMs} ms for a frame at ${fps} fps`, async () => {
    const { waits } = await withCameras([["frame", "frame"]], { fps }, async (source) => {
      await kindsOf(source);
    });
    assert.deepEqual(waits, [silenceMs, silenceMs, silenceMs]);
  });
}

Deno.test("V4l2Source reopens a camera that sent no frame after three silences, and a later one after the first", async () => {
  await withCameras(
    [[TIMEOUT, TIMEOUT, TIMEOUT], ["frame", TIMEOUT], []],
    {},
    async (source, driver) => {
      assert.deepEqual(await kindsOf(source), [
        "connected",
        "disconnected",
        "connected",
        "frame",
        "disconnected",
      ]);
      assert.deepEqual([driver.opened, driver.waits.length], [3, 3 + 2 + 1]);
    },
  );
  await withCameras([[TIMEOUT, TIMEOUT, "frame"]], {}, async (source, driver) => {
    assert.deepEqual(await kindsOf(source), ["connected", "disconnected", "connected", "frame"]);
    assert.equal(driver.opened, 1);
  });
});

Deno.test("V4l2Source ends the time limit of a device that cannot be opened", async () => {
  await withCameras([new NativeError("no device", "no_device")], {}, async (source, _, clock) => {
    await assert.rejects(source[Symbol.asyncIterator]().next(), /no device|Cannot/);
    assert.equal(clock.pending, 0);
  });
});

Deno.test("V4l2Source tries to reopen the camera every second", async () => {
  const away = new NativeError("No such device", "no_device");
  await withCameras(
    [["frame", FAILED], away, away, away, []],
    {},
    async (source, _driver, clock) => {
      await kindsOf(source);
      assert.deepEqual(clock.sleeps.filter((ms) => ms < 5000), [1000, 1000, 1000]);
    },
  );
});

Deno.test("V4l2Source.lockExposure() locks a camera once, and again after it was reopened", async () => {
  const { locks } = await withCameras(
    [["frame", "frame", FAILED], ["frame", "frame"]],
    {},
    async (source) => {
      for await (const event of source) {
        if (event.kind === "connected") assert.equal(source.exposureLocked, false);
        if (event.kind !== "frame") continue;
        event.frame[Symbol.dispose]();
        source.lockExposure();
        assert.equal(source.exposureLocked, true);
      }
    },
  );
  assert.deepEqual(locks, [[true], [true]]);
});

Deno.test("V4l2Source.unlockExposure() unlocks the camera, which can be locked again", async () => {
  const { locks } = await withCameras([["frame"]], {}, async (source) => {
    for await (const event of source) {
      if (event.kind !== "frame") continue;
      event.frame[Symbol.dispose]();
      source.lockExposure();
      source.unlockExposure();
      assert.equal(source.exposureLocked, false);
      source.lockExposure();
    }
  });
  assert.deepEqual(locks, [[true, false, true]]);
});

Deno.test("V4l2Source closes every camera that it opened, and gives each frame back to it", async () => {
  const driver = await withCameras(
    [["frame", "frame", FAILED], ["frame", TIMEOUT], ["frame"]],
    {},
    async (source) => {
      await kindsOf(source);
    },
  );
  assert.deepEqual([driver.opened, driver.closed], [3, 3]);
  assert.deepEqual([driver.frames, driver.disposed], [4, 4]);
});

Deno.test("V4l2Source limits how long a driver may take to open and to close", async () => {
  await withCameras([["frame"]], {}, async (source, _driver, clock) => {
    const events = source[Symbol.asyncIterator]();
    await events.next();
    await source[Symbol.asyncDispose]();
    assert.deepEqual(clock.sleeps, [60_000, 6000]);
  });
});

Deno.test("V4l2Source and Appliance lock the exposure of a camera again after it was replugged", async () => {
  const steady = Array.from({ length: 120 }, () => "frame" as const);
  const driver = await withCameras([[...steady, FAILED], steady], {}, async (source) => {
    const clock = new SystemClock();
    const context = { bus: new Bus([]), clock, counters: new Counters(), log: silentLog };
    const envelopes = new EnvelopeFactory(clock);
    const appliance = new Appliance({
      ...context,
      source,
      envelopes,
      health: new Health(clock),
      vision: {
        observe: ({ timeUs }) => goodSample({ timeUs }),
        observeInOrder: ({ timeUs }) => Promise.resolve(goodSample({ timeUs })),
      },
      engine: createVitalsEngine(),
      recording: new Recording(),
      frames: new FrameOutput({
        ...context,
        envelopes,
        shrinker: { shrink: () => Promise.resolve(undefined) },
        encoder: {
          encode: () => Promise.resolve(undefined),
          async [Symbol.asyncDispose]() {},
        },
        pacing: new FramePacing({ policy: "always" }),
      }),
    }, {
      bufferDurationS: 0.2,
      edgeMetrics: true,
      metricsOnlyWhileRecording: false,
      lockExposure: true,
    });
    await appliance.run(new AbortController().signal);
  });
  assert.deepEqual(driver.locks, [[true], [true]]);
  assert.deepEqual([driver.frames, driver.disposed], [240, 240]);
});
