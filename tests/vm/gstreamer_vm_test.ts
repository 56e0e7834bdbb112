import assert from "node:assert/strict";
import { portraitJpegs } from "../support/camera_recording.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { bootWithProgram } from "./camera_machine.ts";
import { DriverTrace } from "./driver_trace.ts";
import { addFirmwareNode, gstreamerFiles } from "./gstreamer.ts";
import { HOST_ADDRESS } from "./machine.ts";
import { PublishedMessages, SLOW } from "./published_messages.ts";
import { report, stepsOf } from "./steps.ts";
import { Webcam, WEBCAM_LINK, WEBCAM_MODULES, WEBCAM_PROGRAMS, webcamFiles } from "./webcam.ts";

const HTTP_PORT = 8080;
/** Number of frames over which none may be lost; 1800 are a minute of the webcam. */
const FRAMES = Number(Deno.env.get("TEST_FRAMES") ?? 100);
/** A published time is at most so far from the driver's time. */
const MAX_JITTER_US = 2_000;
/** By default vivid stamps frames with the end of their exposure, which is later than it delivers them. */
const VIVID = "modprobe vivid n_devs=1 node_types=0x1 && " +
  'until [ -e /dev/video0 ]; do sleep 0.1; done && vivid_check set /dev/video0 "Timestamp Source" 1';

Deno.test("physiology_server captures through GStreamer", async (test) => {
  const step = stepsOf(test);
  const folder = await Deno.makeTempDir({ prefix: "gstreamer_vm_" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const jpegs = await portraitJpegs({ seconds: 3, fps: 30 });
  const originals = new Set(jpegs.map((jpeg) => jpeg.toBase64()));
  const recording = {
    ...{ fourcc: "MJPG", width: 640, height: 480 },
    frames: jpegs.map((bytes) => ({ bytes })),
  };
  const machine = stack.use(
    await bootWithProgram(folder, {
      modules: ["vivid", ...WEBCAM_MODULES],
      programs: WEBCAM_PROGRAMS,
      files: [...await gstreamerFiles(), ...webcamFiles([recording])],
    }),
  );
  const trace = await DriverTrace.start(machine);
  const redis = stack.use(await startRedis());
  const messages = new PublishedMessages(await Subscriber.of(redis), machine);

  const serve = async (pipeline: string, flags = "--frame_publish=never") => {
    await trace.clear();
    const before = messages.count;
    await machine.check(
      `physiology_server --use_camera --camera_source=gstreamer --camera_pipeline="${pipeline}" ` +
        `--redis_host=${HOST_ADDRESS} --redis_allow_plaintext --redis_port=${redis.port} ` +
        `--redis_operation_timeout_ms=10000 --port=0 --http_port=${HTTP_PORT} ${flags} ` +
        ">/tmp/server.log 2>&1 & echo $! >/tmp/pid",
    );
    await messages.next("edge_metrics", 3);
    return before;
  };
  const stop = async () => {
    const start = messages.count;
    await machine.check("kill -TERM $(cat /tmp/pid)");
    await messages.status("STOPPING", start);
    await machine.check("while kill -0 $(cat /tmp/pid); do sleep 0.1; done 2>/dev/null", SLOW);
  };
  const counter = async (name: string) => {
    const metrics = await machine.check(`wget -q -O - http://127.0.0.1:${HTTP_PORT}/metrics`);
    return metrics.split("\n").filter((line) => line.startsWith(`physiology_${name}`))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  /** Waits for the start-up of the emulated processor, and then for `FRAMES` frames. */
  const measure = async () => {
    await messages.next("edge_metrics", FRAMES / 5);
    const position = messages.count;
    const captured = await counter("frames_captured_total");
    await waitFor(
      `${FRAMES} more frames`,
      async () => await counter("frames_captured_total") >= captured + FRAMES,
      SLOW,
    );
    assert.equal(await counter("camera_arrival_times_total"), 0);
    return position;
  };
  const publishedSince = (start: number) =>
    messages.since(start).flatMap(({ type, timestamp }) =>
      type === "edge_metrics" ? [timestamp] : []
    );
  /** Distance in microseconds of a time to the nearest of others. */
  const distance = (us: number, others: readonly number[]) =>
    others.reduce((least, other) => Math.min(least, Math.abs(us - other)), Infinity);
  /**
   * Checks that each frame that the driver delivers is published, and each published time, after the
   * first `start` messages, against the driver's.
   */
  const checkFrames = async (start: number) => {
    const measured = await measure();
    const driver = await trace.captureTimesUs();
    const all = publishedSince(start).filter((us) => us <= driver.at(-1)!);
    const late = all.filter((us) => distance(us, driver) >= MAX_JITTER_US);
    assert.deepEqual(late, []);
    const published = publishedSince(measured);
    const delivered = driver.filter((us) => us >= published[0]! && us <= published.at(-1)!);
    assert.ok(delivered.length >= FRAMES / 2, `${delivered.length} frames`);
    const lost = delivered.filter((us) => distance(us, published) >= MAX_JITTER_US);
    assert.deepEqual(lost, []);
  };
  /** Unplugs and plugs the camera while the server runs. */
  const checkReplug = async (unplug: () => Promise<unknown>, plug: () => Promise<unknown>) => {
    const bootId = messages.bootId();
    const start = messages.count;
    await unplug();
    await messages.status("CAMERA_DISCONNECTED", start);
    await plug();
    await messages.next("edge_metrics", 3);
    assert.equal(messages.bootId(), bootId);
  };

  await step("videotestsrc delivers every frame", async () => {
    await serve(
      "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=10/1",
    );
    await measure();
    assert.equal(await counter("camera_frames_lost_total"), 0);
    await stop();
  });

  await step("v4l2src delivers every frame of vivid at the driver's time", async () => {
    await machine.check(VIVID);
    const start = await serve(
      "v4l2src device=/dev/video0 ! video/x-raw,width=320,height=180,framerate=10/1",
    );
    await checkFrames(start);
  });

  await step("v4l2src continues after vivid was unplugged", async () => {
    await checkReplug(
      async () => {
        await machine.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind", SLOW);
        await machine.check("for i in $(seq 100); do rmmod vivid && exit; sleep 0.1; done; exit 1");
      },
      () => machine.check(VIVID),
    );
    await stop();
    await machine.check("for i in $(seq 100); do rmmod vivid && exit; sleep 0.1; done; exit 1");
  });

  const webcam = await Webcam.start(machine);
  await addFirmwareNode(machine);
  const plug = async () => {
    await webcam.execute("plug");
    await machine.check(`until [ -e ${WEBCAM_LINK} ]; do sleep 0.1; done`, SLOW);
  };

  const LIBCAMERASRC = "libcamerasrc ! image/jpeg,width=640,height=480";
  const V4L2SRC = `v4l2src device=${WEBCAM_LINK} ! image/jpeg,width=640,height=480,framerate=30/1`;

  await step("v4l2src delivers every frame of the webcam at the driver's time", async () => {
    await plug();
    const start = await serve(V4L2SRC);
    await checkFrames(start);
  });

  await step("v4l2src continues after the webcam was unplugged", async () => {
    await checkReplug(() => webcam.execute("unplug"), plug);
    await stop();
    await webcam.execute("unplug");
  });

  await step("libcamerasrc delivers every frame of the webcam at the driver's time", async () => {
    await plug();
    const start = await serve(LIBCAMERASRC);
    await checkFrames(start);
    await stop();
  });

  await step("libcamerasrc: the server publishes JPEGs of the webcam unchanged", async () => {
    await serve(LIBCAMERASRC, "--frame_publish=always");
    const [frame] = await messages.next("frame", 1);
    assert.ok(originals.has(frame!.payload.data), "a published frame is not a JPEG of the camera");
  });

  // In some runs its assertion `data->queuedRequests_.empty()` fails in stop(), and the service manager
  // restarts the program.
  await step(
    "libcamerasrc continues after the webcam was unplugged, or libcamera 0.0.3 ends the server",
    async () => {
      const isRunning = async () => (await machine.run("kill -0 $(cat /tmp/pid)")).status === 0;
      const start = messages.count;
      const isDisconnected = () =>
        messages.since(start).some(({ type, payload }) =>
          type === "status" && payload.name === "CAMERA_DISCONNECTED"
        );
      await webcam.execute("unplug");
      await waitFor(
        "the status, or the end of the server",
        async () => isDisconnected() || !await isRunning(),
        SLOW,
      );
      await plug();
      const plugged = messages.count;
      await waitFor(
        "frames, or the end of the server",
        async () => publishedSince(plugged).length >= 3 || !await isRunning(),
        SLOW,
      );
      report(await isRunning() ? "it continued" : "it ended");
    },
  );
});
