import assert from "node:assert/strict";
import { NativeCamera } from "../../../../ffi/camera.ts";
import type {
  CameraGranted,
  CameraLosses,
  CameraRead,
  CameraRequest,
} from "../../../../ffi/camera_values.ts";
import { NativeError, nativeMonotonicUs } from "../../../../ffi/library.ts";
import { monotonicUs } from "../../../../src/base/time.ts";
import { Appliance } from "../../../../src/app/appliance.ts";
import { SourceError, type SourceEvent } from "../../../../src/capture/frame.ts";
import type { V4l2SourceOptions } from "../../../../src/capture/v4l2/options.ts";
import { type CameraDevices, V4l2Source } from "../../../../src/capture/v4l2/source.ts";
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
import { CollectingLog } from "../../../support/collecting_log.ts";
import { gradientImage } from "../../../support/gradient_image.ts";
import { goodSample } from "../../../support/samples.ts";

const LOSSES = { lost: 0, damaged: 0, overrun: 0, reason: "" };
const FAILED: CameraRead = { state: "failed", reason: "unplugged" };
const TIMEOUT: CameraRead = { state: "timeout", losses: LOSSES };

const GRANTED = { width: 64, height: 48, format: "MJPG", name: "fake", bus: "b", driver: "d" };

/** A clock that records its sleeps: pauses end at once, time limits when they are cancelled. */
class RecordingClock extends SystemClock {
  readonly sleeps: number[] = [];
  /** Time limits that were not cancelled. */
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

/** A frame, possibly with the numbers of lost frames until then. */
type Read = "frame" | { readonly frameWith: Partial<CameraLosses> } | CameraRead;

/** Counts what the fake cameras were asked to do. */
interface Driver {
  /** Timeout of each read in milliseconds. */
  readonly waits: number[];
  /** Locks of each camera that was opened. */
  readonly locks: boolean[][];
  /** The path and the settings of each attempt to open a camera. */
  readonly requests: { readonly path: string; readonly request: CameraRequest }[];
  stopped: number;
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
  { fps = 30, granted = {}, opening = Promise.resolve(), closing, devices, ...options }:
    & Partial<V4l2SourceOptions>
    & {
      /** What the camera grants besides. */
      granted?: Partial<CameraGranted>;
      /** Opening waits for this. */
      opening?: Promise<void>;
      /** Closing waits for this. */
      closing?: Promise<void>;
      devices?: CameraDevices;
    },
  run: (source: V4l2Source, driver: Driver, clock: RecordingClock) => Promise<void>,
): Promise<Driver> {
  const driver: Driver = {
    waits: [],
    locks: [],
    requests: [],
    stopped: 0,
    opened: 0,
    closed: 0,
    frames: 0,
    disposed: 0,
  };
  let nowUs = 1_000_000;
  const take = (read: Read): CameraRead => {
    if (typeof read === "object" && "state" in read) return read;
    const losses = { ...LOSSES, ...(read !== "frame" && read.frameWith) };
    const sequence = driver.frames++;
    nowUs += 33_333;
    const image = { ...gradientImage(64, 48), fullWidth: 64, fullHeight: 48 };
    const frame = {
      image,
      timeUs: nowUs,
      sequence,
      [Symbol.dispose]: () => void driver.disposed++,
    };
    return { state: "frame", frame: frame as never, losses };
  };
  const { open } = NativeCamera;
  NativeCamera.open = async (path, request) => {
    driver.requests.push({ path, request });
    const reads = cameras[driver.opened++] ?? [];
    await opening;
    if (reads instanceof Error) throw reads;
    const locks: boolean[] = [];
    driver.locks.push(locks);
    let at = 0;
    const camera = {
      granted: { ...GRANTED, fps, ...granted },
      next(ms: number): Promise<CameraRead> {
        driver.waits.push(ms);
        const read = reads[at++];
        return Promise.resolve(read === undefined ? { state: "stopped" } : take(read));
      },
      lock: (on: boolean) => void locks.push(on),
      stop: () => void driver.stopped++,
      async [Symbol.asyncDispose]() {
        driver.closed++;
        await closing;
      },
    };
    return camera as unknown as NativeCamera;
  };
  try {
    const clock = new RecordingClock();
    await using source = new V4l2Source({ device: "/dev/fake", fps, clock, ...options }, devices);
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
        passOverFace() {},
        faceBoxes: [],
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

Deno.test("V4l2Source requests 640 x 480 in the best format at 30 fps by default", async () => {
  const { opened, requests } = await withCameras([[]], {}, async (source) => {
    await kindsOf(source);
  });
  assert.equal(opened, 1);
  assert.deepEqual(requests, [{
    path: "/dev/fake",
    request: {
      width: 640,
      height: 480,
      fps: 30,
      format: "auto",
      minWidth: 320,
      transform: "none",
      powerLine: "auto",
      jpegQuality: 80,
    },
  }]);
});

Deno.test("V4l2Source requests what it was given", async () => {
  const options = {
    device: "/dev/other",
    width: 1280,
    height: 720,
    fps: 15,
    codec: "YUYV",
    transform: "mirror_vertical",
    powerLine: "50",
    analysisWidth: 200,
    jpegQuality: 0,
  } as const;
  const { requests } = await withCameras([[]], options, async (source) => {
    await kindsOf(source);
  });
  const { device, codec, analysisWidth, ...same } = options;
  assert.deepEqual(requests, [{
    path: device,
    request: { ...same, format: codec, minWidth: analysisWidth },
  }]);
});

Deno.test("V4l2Source describes the camera and its rate, as soon as it is open", async () => {
  for (
    const { granted, description, nominalFps } of [
      {
        granted: { fps: 25 },
        description: "fake: MJPG 64x48 at 25 fps (/dev/fake)",
        nominalFps: 25,
      },
      { granted: { fps: undefined }, description: "fake: MJPG 64x48 (/dev/fake)", nominalFps: 30 },
    ]
  ) {
    const options = { granted: granted as Partial<CameraGranted> };
    await withCameras([["frame"]], options, async (source) => {
      assert.deepEqual([source.description, source.nominalFps], ["camera /dev/fake", 30]);
      assert.equal(source.realtime, true);
      const events = source[Symbol.asyncIterator]();
      assert.deepEqual((await events.next()).value, { kind: "connected", description });
      assert.deepEqual([source.description, source.nominalFps], [description, nominalFps]);
    });
  }
});

Deno.test("V4l2Source yields the image and the JPEG of the camera with its size before scaling", async () => {
  const image = { ...gradientImage(32, 24), fullWidth: 64, fullHeight: 48 };
  const jpeg = Uint8Array.of(1, 2, 3);
  let disposed = 0;
  const read = (frame: object): CameraRead => ({
    state: "frame",
    frame: {
      image,
      timeUs: 1e9,
      sequence: 5,
      [Symbol.dispose]: () => disposed++,
      ...frame,
    } as never,
    losses: LOSSES,
  });
  await withCameras([[read({ jpeg }), read({})]], {}, async (source) => {
    const frames = (await Array.fromAsync({
      [Symbol.asyncIterator]: () => source[Symbol.asyncIterator](),
    }))
      .flatMap((event) => event.kind === "frame" ? [event.frame] : []);
    const found = frames.map((frame) => [frame.width, frame.height, frame.image, frame.sequence]);
    assert.deepEqual(found, [[64, 48, image, 5], [64, 48, image, 5]]);
    assert.deepEqual(frames.map(({ jpeg }) => jpeg), [jpeg, undefined]);
    assert.equal("jpeg" in frames[1]!, false);
    assert.ok(frames[1]!.timeUs > frames[0]!.timeUs);
    for (const frame of frames) frame[Symbol.dispose]();
    assert.equal(disposed, 2);
  });
});

Deno.test("V4l2Source continues the numbers and the times of the frames when the camera is reopened", async () => {
  const read = (sequence: number, timeUs: number): CameraRead => ({
    state: "frame",
    frame: {
      image: { ...gradientImage(64, 48), fullWidth: 64, fullHeight: 48 },
      timeUs,
      sequence,
      [Symbol.dispose]() {},
    } as never,
    losses: LOSSES,
  });
  const aheadUs = 50_000_000;
  const clock = new RecordingClock();
  clock.monotonicUs = () => monotonicUs(nativeMonotonicUs() + aheadUs);
  const reads = [[read(0, 1e9), read(2, 1e9 + 66_666), FAILED], [read(1, 1e9 + 2e6)]];
  await withCameras(reads, { clock }, async (source) => {
    const frames: [number, number][] = [];
    for await (const event of { [Symbol.asyncIterator]: () => source[Symbol.asyncIterator]() }) {
      if (event.kind === "frame") frames.push([event.frame.sequence, event.frame.timeUs]);
    }
    assert.deepEqual(frames.map(([sequence]) => sequence), [0, 2, 4]);
    const expected = [0, 66_666, 2e6].map((us) => us + 1e9 + aheadUs);
    for (const [i, [, timeUs]] of frames.entries()) {
      assert.ok(Math.abs(timeUs - expected[i]!) < 5000, `${timeUs - expected[i]!}`);
    }
  });
});

Deno.test("V4l2Source is not locked before it is open, and cannot be", async () => {
  const { locks } = await withCameras([["frame"]], {}, async (source) => {
    assert.equal(source.exposureLocked, false);
    source.lockExposure();
    assert.equal(source.exposureLocked, false);
    await kindsOf(source);
  });
  assert.deepEqual(locks, [[]]);
});

Deno.test("V4l2Source leaves no time limit running, whether opening and closing succeed or fail", async () => {
  const away = new NativeError("No such device", "no_device");
  const clocks: RecordingClock[] = [];
  await withCameras([["frame", FAILED], away, away, []], {}, async (source, _, clock) => {
    clocks.push(clock);
    await kindsOf(source);
    assert.deepEqual([clock.sleeps.filter((ms) => ms === 60_000).length, clock.pending], [4, 0]);
  });
  await withCameras([away], {}, async (source, _, clock) => {
    clocks.push(clock);
    await assert.rejects(kindsOf(source));
  });
  const closing = Promise.reject(away);
  closing.catch(() => {});
  await assert.rejects(
    withCameras([["frame"]], { closing }, async (source, _, clock) => {
      clocks.push(clock);
      await source[Symbol.asyncIterator]().next();
    }),
    away,
  );
  assert.deepEqual(clocks.map(({ pending }) => pending), [0, 0, 0]);
});

Deno.test("V4l2Source says why the camera was disconnected", async () => {
  for (
    const { read, fps, reason } of [
      { read: FAILED, fps: 30, reason: "unplugged" },
      { read: TIMEOUT, fps: 30, reason: "no frame for 2.0 s" },
      { read: TIMEOUT, fps: 1.5, reason: "no frame for 3.3 s" },
    ]
  ) {
    await withCameras([["frame", read], []], { fps }, async (source) => {
      const events: SourceEvent[] = [];
      for await (const event of { [Symbol.asyncIterator]: () => source[Symbol.asyncIterator]() }) {
        events.push(event);
      }
      assert.deepEqual(events[2], { kind: "disconnected", reason });
    });
  }
});

Deno.test("V4l2Source counts lost frames by their reason, anew for each camera", async () => {
  const counters = new Counters();
  const log = new CollectingLog();
  await withCameras(
    [
      [
        { frameWith: { lost: 3 } },
        { frameWith: { lost: 3, damaged: 1, reason: "no end" } },
        { state: "timeout", losses: { lost: 5, damaged: 1, overrun: 4, reason: "no end" } },
      ],
      [{ frameWith: { lost: 1, damaged: 2, overrun: 2 } }, { frameWith: { damaged: 2 } }],
    ],
    { counters, log },
    async (source) => {
      await kindsOf(source);
    },
  );
  const found = ["lost", "damaged", "overrun"].map((reason) =>
    counters.get("camera_frames_lost_total", { reason })
  );
  assert.deepEqual(found, [6, 3, 6]);
  // At most one a minute.
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /The camera sent a damaged frame.*no end/);
  const empty = new Counters();
  await withCameras([["frame", TIMEOUT], []], { counters: empty }, async (source) => {
    await kindsOf(source);
  });
  assert.deepEqual(empty.all(), []);
});

Deno.test("V4l2Source finds a camera without a stable path again by its name, bus and driver", async () => {
  const { name, bus, driver } = GRANTED;
  const other = { path: "/dev/video7", name, bus, driver, formats: [] };
  for (
    const { cameras, path } of [
      { cameras: [{ ...other, path: "/dev/video5", name: "x" }, other], path: "/dev/video7" },
      { cameras: [{ ...other, name: "x" }], path: "/dev/fake" },
      { cameras: [{ ...other, bus: "x" }], path: "/dev/fake" },
      { cameras: [{ ...other, driver: "x" }], path: "/dev/fake" },
      { cameras: [], path: "/dev/fake" },
    ]
  ) {
    const devices = { list: () => Promise.resolve(cameras), stablePath: () => undefined };
    const { requests } = await withCameras([[FAILED], []], { devices }, async (source) => {
      await kindsOf(source);
    });
    assert.deepEqual(requests.map(({ path }) => path), ["/dev/fake", path]);
  }
});

Deno.test("V4l2Source opens a camera again by its stable path, without a search", async () => {
  const asked: string[] = [];
  const devices = {
    list: () => Promise.reject(new Error("not needed")),
    stablePath: (path: string) => {
      asked.push(path);
      return "/dev/v4l/by-id/fake";
    },
  };
  const log = new CollectingLog();
  const { requests } = await withCameras([[FAILED], []], { devices, log }, async (source) => {
    await kindsOf(source);
  });
  assert.deepEqual(requests.map(({ path }) => path), ["/dev/fake", "/dev/v4l/by-id/fake"]);
  assert.deepEqual([asked, log.lines], [["/dev/fake"], []]);
});

Deno.test("V4l2Source keeps the link of a port, also if a link of an equal camera leads there", async () => {
  const device = "/dev/v4l/by-path/pci-usb-0:2-video-index0";
  const devices = {
    list: () => Promise.reject(new Error("not needed")),
    stablePath: () => "/dev/v4l/by-id/usb-equal-video-index0",
  };
  const { requests } = await withCameras([[FAILED], []], { devices, device }, async (source) => {
    await kindsOf(source);
  });
  assert.deepEqual(requests.map(({ path }) => path), [device, device]);
});

Deno.test("V4l2Source fails with a hint if the camera cannot be opened at the start", async () => {
  const busy = new NativeError("Cannot open /dev/fake: it is in use", "busy");
  const { opened } = await withCameras([busy], {}, async (source) => {
    await assert.rejects(kindsOf(source), (error) => {
      assert.ok(error instanceof SourceError);
      assert.deepEqual([error.message, error.cause], [busy.message, busy]);
      assert.match(error.hint, /fuser -v \/dev\/fake/);
      return true;
    });
  });
  assert.equal(opened, 1);
});

Deno.test("V4l2Source warns once a minute that it cannot reopen the camera, with a hint", async () => {
  const away = new NativeError("No such device", "no_device");
  const log = new CollectingLog();
  await withCameras([[FAILED], away, away, []], { log }, async (source) => {
    assert.deepEqual(await kindsOf(source), ["connected", "disconnected"]);
  });
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /No such device.*Plug the camera in/);
});

/** Lets the time limit of opening elapse at once from the given attempt on. */
function hangFrom(attempt: number, clock: RecordingClock): void {
  const { sleep } = clock;
  let opened = 0;
  clock.sleep = (ms, signal) =>
    ms === 60_000 && opened++ >= attempt ? Promise.resolve() : sleep.call(clock, ms, signal);
}

Deno.test("V4l2Source gives up a driver that does not open, and closes a camera that opens late", async () => {
  const opening = Promise.withResolvers<void>();
  const message = "Cannot open /dev/fake: its driver does not respond";
  const driver = await withCameras(
    [[]],
    { opening: opening.promise },
    async (source, driver, clock) => {
      hangFrom(0, clock);
      await assert.rejects(
        kindsOf(source),
        (error) => error instanceof SourceError && error.message === message,
      );
      assert.equal(driver.closed, 0);
      opening.resolve();
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  );
  assert.equal(driver.closed, 1);
});

Deno.test("V4l2Source fails if a driver does not respond while the camera is reopened", async () => {
  const slow = new NativeError("Cannot open /dev/fake: timed out", "timeout");
  const { opened, closed } = await withCameras([[FAILED], slow, []], {}, async (source) => {
    await assert.rejects(kindsOf(source), slow);
  });
  assert.deepEqual([opened, closed], [2, 1]);
});

Deno.test("V4l2Source stops a camera that opens while the source is disposed", async () => {
  const opening = Promise.withResolvers<void>();
  const driver = await withCameras([[]], { opening: opening.promise }, async (source) => {
    const first = source[Symbol.asyncIterator]().next();
    const disposing = source[Symbol.asyncDispose]();
    opening.resolve();
    await first;
    await disposing;
  });
  assert.deepEqual([driver.stopped > 0, driver.closed], [true, 1]);
});

Deno.test("V4l2Source opens nothing after it was disposed", async () => {
  const { opened } = await withCameras([["frame"]], {}, async (source) => {
    await source[Symbol.asyncDispose]();
    assert.deepEqual(await kindsOf(source), []);
  });
  assert.equal(opened, 0);
});

Deno.test("V4l2Source stops and closes the camera when it is disposed", async () => {
  const driver = await withCameras([["frame", "frame"]], {}, async (source, driver) => {
    const events = source[Symbol.asyncIterator]();
    assert.equal(source[Symbol.asyncIterator](), events, "there is one iteration");
    await events.next();
    await source[Symbol.asyncDispose]();
    assert.deepEqual([driver.stopped, driver.closed], [1, 1]);
    assert.equal((await events.next()).done, true);
    assert.equal(source.description, "camera /dev/fake");
  });
  assert.deepEqual([driver.opened, driver.frames], [1, 0]);
});

Deno.test("V4l2Source does not reopen a camera after it was disposed", async () => {
  const away = new NativeError("No such device", "no_device");
  const { opened } = await withCameras(
    [[FAILED], away, away, away],
    {},
    async (source, _, clock) => {
      const { sleep } = clock;
      clock.sleep = (ms, signal) => {
        if (ms === 1000) source[Symbol.asyncDispose]();
        return sleep.call(clock, ms, signal);
      };
      assert.deepEqual(await kindsOf(source), ["connected", "disconnected"]);
    },
  );
  assert.equal(opened, 2);
});

Deno.test("V4l2Source reports on disposal that a camera could not be closed", async () => {
  const failure = new NativeError("Cannot close /dev/fake", "timeout");
  const closing = Promise.reject(failure);
  closing.catch(() => {});
  await assert.rejects(
    withCameras([["frame", FAILED]], { closing }, async (source) => {
      await assert.rejects(kindsOf(source), failure);
    }),
    failure,
  );
});

Deno.test("V4l2Source does not wait for a driver that does not close", async () => {
  await assert.rejects(
    withCameras([["frame"]], { closing: new Promise(() => {}) }, async (source, _, clock) => {
      await source[Symbol.asyncIterator]().next();
      clock.sleep = (ms) => {
        assert.equal(ms, 6000);
        return Promise.resolve();
      };
    }),
    /^Error: Cannot close camera \/dev\/fake: its driver does not respond$/,
  );
});
