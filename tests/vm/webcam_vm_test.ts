import assert from "node:assert/strict";
import { patternJpegs, portraitJpegs } from "../support/camera_recording.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { bootWithProgram } from "./camera_machine.ts";
import { HOST_ADDRESS } from "./machine.ts";
import { PublishedMessages, SLOW } from "./published_messages.ts";
import { stepsOf } from "./steps.ts";
import { Webcam, WEBCAM_LINK, WEBCAM_MODULES, WEBCAM_PROGRAMS, webcamFiles } from "./webcam.ts";

const HTTP_PORT = 8080;
const SERVE = "physiology_server --use_camera";
/** Log line of the webcam at the start of the stream: 2 000 000 times 100 ns are 5 fps. */
const STREAM = "stream 640x480 2000000";

/** Log lines of the webcam when its controls are locked, by the behavior of the webcam. */
const LOCKED = {
  holds: ["auto_exposure=1", "auto_white_balance=0", "auto_focus=0"],
  jumps: [
    ...["auto_exposure=1", "exposure_time=312", "auto_white_balance=0", "white_balance=4650"],
    ...["auto_focus=0", "focus=35"],
  ],
};
/** Log lines of the webcam when its controls are unlocked. */
const UNLOCKED = ["auto_exposure=8", "auto_white_balance=1", "auto_focus=1"];

const recordingOf = (width: number, height: number, jpegs: readonly Uint8Array[]) => ({
  ...{ fourcc: "MJPG", width, height },
  frames: jpegs.map((bytes) => ({ bytes })),
});

Deno.test("physiology_server captures from a USB webcam", async (test) => {
  const step = stepsOf(test);
  const folder = await Deno.makeTempDir({ prefix: "webcam_vm_" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const small = await portraitJpegs({ seconds: 6, fps: 5 });
  const large = await patternJpegs({ count: 10, size: "1280x720" });
  const originals = new Set([...small, ...large].map((jpeg) => jpeg.toBase64()));
  const machine = stack.use(
    await bootWithProgram(folder, {
      modules: WEBCAM_MODULES,
      programs: WEBCAM_PROGRAMS,
      files: webcamFiles([recordingOf(640, 480, small), recordingOf(1280, 720, large)]),
    }),
  );
  const webcam = await Webcam.start(machine);
  const redis = stack.use(await startRedis());
  const messages = new PublishedMessages(await Subscriber.of(redis), machine);

  type PublishedFrame = ReturnType<typeof messages.of<"frame">>[number];
  /** Whether a frame is not one of the camera, although no slow link caused a recompression. */
  const isForeign = ({ payload, timestamp }: PublishedFrame) => {
    const edge = messages.of("edge_metrics").find((edge) => edge.timestamp === timestamp);
    const isOriginal = edge && edge.payload.signal.frame_degradation === undefined;
    return isOriginal && !originals.has(payload.data);
  };
  /** Waits for a frame that is, byte for byte, a JPEG of the camera. */
  const originalFrame = async (
    accepts: (payload: PublishedFrame["payload"]) => boolean = () => true,
  ) => {
    const frame = await waitFor(
      "a JPEG of the camera",
      () =>
        messages.of("frame").find(({ payload }) => originals.has(payload.data) && accepts(payload)),
      SLOW,
    );
    return frame;
  };

  /** Starts the server and waits for frames. */
  const serve = async (flags: string) => {
    await machine.check(
      `${SERVE} ${flags} --redis_host=${HOST_ADDRESS} --redis_allow_plaintext --redis_port=${redis.port} --port=0 ` +
        `--redis_operation_timeout_ms=10000 --frame_publish=always --max_fps=5 ` +
        `--http_port=${HTTP_PORT} >/tmp/server.log 2>&1 & echo $! >/tmp/pid`,
    );
    await messages.next("frame", 3);
  };
  const stop = async () => {
    const start = messages.count;
    await machine.check("kill -TERM $(cat /tmp/pid)");
    await messages.status("STOPPING", start);
    await machine.check("while kill -0 $(cat /tmp/pid); do sleep 0.1; done 2>/dev/null", SLOW);
  };
  const lostFrames = async (reason: string) => {
    const metrics = await machine.check(`wget -q -O - http://127.0.0.1:${HTTP_PORT}/metrics`);
    const line = metrics.split("\n").find((line) =>
      line.includes("camera_frames_lost_total") && line.includes(`"${reason}"`)
    );
    return Number(line?.split(" ").at(-1) ?? 0);
  };
  /** Runs a command of the webcam and waits until the server has counted `min` more lost frames. */
  const checkLosses = async (reason: string, command: string, min: number) => {
    const before = await lostFrames(reason);
    await webcam.execute(command);
    await waitFor(
      `${min} more ${reason} frames`,
      async () => await lostFrames(reason) >= before + min,
      SLOW,
    );
  };
  const plug = async () => {
    await webcam.execute("plug");
    await machine.check(`until [ -e ${WEBCAM_LINK} ]; do sleep 0.1; done`, SLOW);
  };
  const checkUnavailable = async (command: string, message: RegExp) => {
    const { status, output } = await machine.run(command, SLOW);
    assert.equal(status, 69, output);
    assert.match(output, message);
  };

  await step("`devices` lists the sizes, frame rates and stable path of the webcam", async () => {
    await plug();
    const list = await machine.check("physiology_server devices", SLOW);
    assert.match(list, /Test Webcam.*usb-vhci_hcd\.0-1\): \/dev\/video0/);
    assert.match(list, new RegExp(`--use_camera --camera_device=${WEBCAM_LINK}`));
    assert.match(list, /640x480: 30, 15, 10, 5 fps/);
    assert.match(list, /--codec=MJPG --capture_width_px=1280 --capture_height_px=720 --max_fps=30/);
    assert.doesNotMatch(list, /\/dev\/video1/, "the list contains the camera's metadata node");
  });

  for (
    const { mode, result, expected } of [
      { mode: "holds", result: "keeps its values", expected: LOCKED.holds },
      {
        mode: "jumps",
        result: "changes its values, and the server restores them",
        expected: LOCKED.jumps,
      },
      // Such a camera reports the last manual value; setting that value would change the image.
      {
        mode: "stale",
        result: "reports stale values, and the server does not set them",
        expected: LOCKED.holds,
      },
    ]
  ) {
    await step(`a camera without automatic control ${result}`, async () => {
      await webcam.execute(`way ${mode}`);
      await webcam.execute("unplug");
      await machine.check(`while [ -e ${WEBCAM_LINK} ]; do sleep 0.1; done`, SLOW);
      const start = await webcam.position();
      await plug();
      const { status, output } = await machine.run(`vivid_check lock ${WEBCAM_LINK}`, SLOW);
      assert.equal(status, 0, output);
      const lines = await webcam.logUntil("stopped", start);
      const begin = lines.findIndex((line) => line.startsWith("stream"));
      assert.deepEqual(lines.slice(begin + 1), [...expected, ...UNLOCKED, "stopped"]);
    });
  }
  await webcam.execute("way holds");
  const firstStart = await webcam.position();

  await step("the server reports what to do if the user may not open the camera", async () => {
    await machine.check("chown 0:44 /dev/video0 && chmod 660 /dev/video0");
    await checkUnavailable(
      `su guest -c "${SERVE} 2>&1"`,
      /\/dev\/video0: Permission denied: Add the user to the group video: usermod -aG video/,
    );
  });

  await step("the server publishes JPEGs of the camera unchanged", async () => {
    await serve(`--camera_device=${WEBCAM_LINK} --camera_power_line_frequency=50`);
    const { payload } = await originalFrame();
    assert.deepEqual([payload.width, payload.height], [640, 480]);
    assert.deepEqual(await webcam.logUntil(STREAM, firstStart), [
      ...["auto_exposure=8", "exposure_priority=0", "auto_white_balance=1", "power_line=1"],
      STREAM,
    ]);
    const log = await machine.check("cat /tmp/server.log");
    assert.match(log, /Test Webcam: MJPG 640x480 at 5 fps \(\/dev\/v4l\/by-id\//);
  });

  const bootId = messages.bootId();

  await step(
    "a second server reports that the camera is busy",
    () =>
      checkUnavailable(
        `${SERVE} --port=0 2>&1`,
        /busy: Stop the program that uses the camera: `fuser -v/,
      ),
  );

  await step(
    "the server locks the values that the camera has chosen once the face is steady",
    async () => {
      const lines = await webcam.logUntil("auto_focus=0", firstStart);
      assert.deepEqual(lines.slice(lines.indexOf(STREAM) + 1), LOCKED.holds);
    },
  );

  await step("the server counts damaged and lost frames and does not publish them", async () => {
    const start = messages.of("frame").length;
    await checkLosses("damaged", "truncate 3", 3);
    await checkLosses("damaged", "garble 3", 3);
    await checkLosses("lost", "skip 3", 3);
    // By default the driver drops frames that the camera marked as bad.
    await checkLosses("lost", "error 3", 3);
    await messages.next("frame", 3);
    assert.ok(
      !messages.of("frame").slice(start).some(isForeign),
      "a published frame is not a JPEG of the camera",
    );
  });

  await step(
    "the server reports a silent camera once, and uses it again when frames arrive",
    async () => {
      const start = messages.count;
      await webcam.execute("silent");
      const { payload } = await messages.status("CAMERA_DISCONNECTED", start);
      assert.match(payload.message, /no frame for 2\.0 s/);
      const metrics = await messages.next("core_metrics", 30);
      assert.equal(metrics.at(-1)!.payload.withheld?.pulse, "camera_disconnected");
      const names = messages.since(start).flatMap((message) =>
        message.type === "status" ? [message.payload.name] : []
      );
      assert.deepEqual(
        names.slice(names.indexOf("CAMERA_DISCONNECTED")).filter((name) =>
          name !== "CAMERA_DISCONNECTED"
        ),
        [],
      );
      await webcam.execute("play");
      await messages.next("frame", 3);
      assert.equal(messages.bootId(), bootId);
    },
  );

  await step(
    "the server finds the camera by its stable path after a change of its number",
    async () => {
      await machine.check("sleep 1000 </dev/video0 & echo $! >/tmp/holder");
      const start = messages.count;
      await webcam.execute("unplug");
      const { timestamp } = await messages.status("CAMERA_DISCONNECTED", start);
      const lateUs = timestamp - messages.of("edge_metrics").at(-1)!.timestamp; // by the machine's clock
      assert.ok(lateUs < 3_000_000, `${lateUs} µs after the last frame`);
      const metrics = await messages.next("core_metrics", 8);
      assert.equal(metrics.at(-1)!.payload.withheld?.pulse, "camera_disconnected");
      assert.equal(metrics.at(-1)!.payload.pulse?.strict, undefined);
      await webcam.execute("plug");
      await messages.next("frame", 3);
      assert.equal(messages.bootId(), bootId);
      const path = await machine.check(`readlink -f ${WEBCAM_LINK}`);
      assert.notEqual(path.trim(), "/dev/video0");
      await machine.check("kill $(cat /tmp/holder)");
    },
  );

  await step("the server unlocks the controls when it stops", async () => {
    const start = await webcam.position();
    await stop();
    await webcam.logUntil("stopped", start);
    assert.doesNotMatch(await machine.check("cat /tmp/server.log"), /\berror\b/i);
  });

  await step(
    "the server captures another size and counts frames that the driver marks as damaged",
    async () => {
      await webcam.execute("unplug");
      await machine.check(
        "killall mdev; rm -r /dev/v4l; rmmod uvcvideo && modprobe uvcvideo nodrop=1",
      );
      await webcam.execute("plug");
      const path = await waitFor(
        "the camera",
        async () => /\/dev\/video\d+/.exec((await machine.run("ls /dev/video*")).output)?.[0],
        SLOW,
      );
      await serve(`--camera_device=${path} --capture_width_px=1280 --capture_height_px=720`);
      const { payload } = await originalFrame(({ width }) => width === 1280);
      assert.equal(payload.height, 720);
      await checkLosses("damaged", "error 3", 3);
    },
  );

  await step("the server finds the camera at the same USB port without a stable path", async () => {
    await machine.check("sleep 1000 </dev/video0 & echo $! >/tmp/holder");
    const start = messages.count;
    await webcam.execute("unplug");
    await messages.status("CAMERA_DISCONNECTED", start);
    await webcam.execute("plug");
    await messages.next("frame", 3);
    assert.equal(
      (await machine.run("ls /dev/video0")).status,
      1,
      "the camera has the same number as before",
    );
    await stop();
  });
});
