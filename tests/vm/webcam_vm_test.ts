import assert from "node:assert/strict";
import { patternJpegs, portraitJpegs } from "../support/camera_recording.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { bootWithProgram, Ear, SLOW, stepsOf } from "./camera_machine.ts";
import { HOST_ADDRESS } from "./machine.ts";
import { Webcam, WEBCAM_LINK, WEBCAM_MODULES, WEBCAM_PROGRAMS, webcamFiles } from "./webcam.ts";

const HTTP_PORT = 8080;
const SERVE = "physiology_server --use_camera";
/** What the webcam writes when it begins: 2 000 000 times 100 ns are 5 pictures a second. */
const STREAM = "stream 640x480 2000000";

/** What the webcam writes while it is locked and let go. */
const LOCKED = {
  holds: ["auto_exposure=1", "auto_white_balance=0", "auto_focus=0"],
  jumps: [
    ...["auto_exposure=1", "exposure_time=312", "auto_white_balance=0", "white_balance=4650"],
    ...["auto_focus=0", "focus=35"],
  ],
};
const LET_GO = ["auto_exposure=8", "auto_white_balance=1", "auto_focus=1"];

const recordingOf = (width: number, height: number, jpegs: readonly Uint8Array[]) => ({
  ...{ fourcc: "MJPG", width, height },
  frames: jpegs.map((bytes) => ({ bytes })),
});

Deno.test("a webcam of the USB video class", async (test) => {
  const step = stepsOf(test);
  const folder = await Deno.makeTempDir({ prefix: "webcam_vm_" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const small = await portraitJpegs({ seconds: 6, fps: 5 });
  const large = await patternJpegs({ count: 10, size: "1280x720" });
  const own = new Set([...small, ...large].map((jpeg) => jpeg.toBase64()));
  const machine = stack.use(
    await bootWithProgram(folder, {
      modules: WEBCAM_MODULES,
      programs: WEBCAM_PROGRAMS,
      files: webcamFiles([recordingOf(640, 480, small), recordingOf(1280, 720, large)]),
    }),
  );
  const webcam = await Webcam.start(machine);
  const redis = stack.use(await startRedis());
  const heard = new Ear(await Subscriber.of(redis), machine);

  type PublishedFrame = ReturnType<typeof heard.of<"frame">>[number];
  /** What the camera never made, though no slow link had it compressed anew. */
  const isStrange = ({ payload, timestamp }: PublishedFrame) => {
    const edge = heard.of("edge_metrics").find((edge) => edge.timestamp === timestamp);
    const isWhole = edge && edge.payload.signal.frame_degradation === undefined;
    return isWhole && !own.has(payload.data);
  };
  /** Waits for a picture that is the camera's own, byte for byte. */
  const ownFrame = async (is: (payload: PublishedFrame["payload"]) => boolean = () => true) => {
    const frame = await waitFor(
      "a JPEG of the camera's own",
      () => heard.of("frame").find(({ payload }) => own.has(payload.data) && is(payload)),
      SLOW,
    );
    return frame;
  };

  /** Starts the server and waits for its pictures. */
  const serve = async (flags: string) => {
    await machine.check(
      `${SERVE} ${flags} --redis_host=${HOST_ADDRESS} --redis_port=${redis.port} --port=0 ` +
        `--redis_operation_timeout_ms=10000 --frame_publish=always --max_fps=5 ` +
        `--http_port=${HTTP_PORT} >/tmp/server.log 2>&1 & echo $! >/tmp/pid`,
    );
    await heard.more("frame", 3);
  };
  const stop = async () => {
    const mark = heard.now;
    await machine.check("kill -TERM $(cat /tmp/pid)");
    await heard.status("STOPPING", mark);
    await machine.check("while kill -0 $(cat /tmp/pid); do sleep 0.1; done 2>/dev/null", SLOW);
  };
  const counted = async (reason: string) => {
    const metrics = await machine.check(`wget -q -O - http://127.0.0.1:${HTTP_PORT}/metrics`);
    const line = metrics.split("\n").find((line) =>
      line.includes("camera_frames_lost_total") && line.includes(`"${reason}"`)
    );
    return Number(line?.split(" ").at(-1) ?? 0);
  };
  /** Waits until so many more frames were counted as lost. */
  const countsMore = async (reason: string, command: string, least: number) => {
    const before = await counted(reason);
    await webcam.tell(command);
    await waitFor(
      `${least} frames more to be ${reason}`,
      async () => await counted(reason) >= before + least,
      SLOW,
    );
  };
  const plug = async () => {
    await webcam.tell("plug");
    await machine.check(`until [ -e ${WEBCAM_LINK} ]; do sleep 0.1; done`, SLOW);
  };
  const refused = async (command: string, message: RegExp) => {
    const { status, output } = await machine.run(command, SLOW);
    assert.equal(status, 69, output);
    assert.match(output, message);
  };

  await step("the list has the webcam's sizes, rates and lasting path", async () => {
    await plug();
    const list = await machine.check("physiology_server devices", SLOW);
    assert.match(list, /Test Webcam.*usb-vhci_hcd\.0-1\): \/dev\/video0/);
    assert.match(list, new RegExp(`--use_camera --camera_device=${WEBCAM_LINK}`));
    assert.match(list, /640x480: 30, 15, 10, 5 fps/);
    assert.match(list, /--codec=MJPG --capture_width_px=1280 --capture_height_px=720 --max_fps=30/);
    assert.doesNotMatch(list, /\/dev\/video1/, "the node of the camera's metadata is no camera");
  });

  for (
    const { way, what, expected } of [
      { way: "holds", what: "stays where it is", expected: LOCKED.holds },
      { way: "jumps", what: "jumps, and is put back", expected: LOCKED.jumps },
      // What it tells is what was set by hand last: to set that would be a jump.
      { way: "stale", what: "tells stale values, and is left alone", expected: LOCKED.holds },
    ]
  ) {
    await step(`a camera whose automatic is turned off ${what}`, async () => {
      await webcam.tell(`way ${way}`);
      await webcam.tell("unplug");
      await machine.check(`while [ -e ${WEBCAM_LINK} ]; do sleep 0.1; done`, SLOW);
      const mark = await webcam.mark();
      await plug();
      const { status, output } = await machine.run(`vivid_check lock ${WEBCAM_LINK}`, SLOW);
      assert.equal(status, 0, output);
      const lines = await webcam.heard("stopped", mark);
      const begin = lines.findIndex((line) => line.startsWith("stream"));
      assert.deepEqual(lines.slice(begin + 1), [...expected, ...LET_GO, "stopped"]);
    });
  }
  await webcam.tell("way holds");
  const started = await webcam.mark();

  await step("who may not open it is told what to do", async () => {
    await machine.check("chown 0:44 /dev/video0 && chmod 660 /dev/video0");
    await refused(
      `su guest -c "${SERVE} 2>&1"`,
      /\/dev\/video0: Permission denied: Add the user to the group video: usermod -aG video/,
    );
  });

  await step("the published picture is byte for byte one of the camera's own", async () => {
    await serve(`--camera_device=${WEBCAM_LINK} --camera_power_line_frequency=50`);
    const { payload } = await ownFrame();
    assert.deepEqual([payload.width, payload.height], [640, 480]);
    assert.deepEqual(await webcam.heard(STREAM, started), [
      ...["auto_exposure=8", "exposure_priority=0", "auto_white_balance=1", "power_line=1"],
      STREAM,
    ]);
    const log = await machine.check("cat /tmp/server.log");
    assert.match(log, /Test Webcam: MJPG 640x480 at 5 fps \(\/dev\/v4l\/by-id\//);
  });

  const session = heard.session();

  await step(
    "a second program is told that the camera is busy",
    () =>
      refused(`${SERVE} --port=0 2>&1`, /busy: Stop the program that uses the camera; `fuser -v/),
  );

  await step("a steady face locks what the camera has found, and no more than that", async () => {
    const lines = await webcam.heard("auto_focus=0", started);
    assert.deepEqual(lines.slice(lines.indexOf(STREAM) + 1), LOCKED.holds);
  });

  await step("damaged, skipped and spoilt frames are counted and never published", async () => {
    const mark = heard.of("frame").length;
    await countsMore("damaged", "truncate 3", 3);
    await countsMore("damaged", "garble 3", 3);
    await countsMore("lost", "skip 3", 3);
    // The driver itself keeps back what the camera marked as bad, unless it is told not to.
    await countsMore("lost", "error 3", 3);
    await heard.more("frame", 3);
    assert.ok(!heard.of("frame").slice(mark).some(isStrange), "a JPEG that the camera never made");
  });

  await step("a silent camera is told once, and used again when it speaks", async () => {
    const mark = heard.now;
    await webcam.tell("silent");
    const { payload } = await heard.status("CAMERA_DISCONNECTED", mark);
    assert.match(payload.message, /no frame for 2\.0 s/);
    const metrics = await heard.more("core_metrics", 30);
    assert.equal(metrics.at(-1)!.payload.withheld?.pulse, "camera_disconnected");
    const names = heard.since(mark).flatMap((message) =>
      message.type === "status" ? [message.payload.name] : []
    );
    assert.deepEqual(
      names.slice(names.indexOf("CAMERA_DISCONNECTED")).filter((name) =>
        name !== "CAMERA_DISCONNECTED"
      ),
      [],
    );
    await webcam.tell("play");
    await heard.more("frame", 3);
    assert.equal(heard.session(), session);
  });

  await step("pulled out and put in elsewhere, it is found by its lasting path", async () => {
    await machine.check("sleep 1000 </dev/video0 & echo $! >/tmp/holder");
    const mark = heard.now;
    await webcam.tell("unplug");
    const { timestamp } = await heard.status("CAMERA_DISCONNECTED", mark);
    const lateUs = timestamp - heard.of("edge_metrics").at(-1)!.timestamp; // by the machine's clock
    assert.ok(lateUs < 3_000_000, `${lateUs} us after the last picture`);
    const metrics = await heard.more("core_metrics", 8);
    assert.equal(metrics.at(-1)!.payload.withheld?.pulse, "camera_disconnected");
    assert.equal(metrics.at(-1)!.payload.pulse?.strict, undefined);
    await webcam.tell("plug");
    await heard.more("frame", 3);
    assert.equal(heard.session(), session);
    const place = await machine.check(`readlink -f ${WEBCAM_LINK}`);
    assert.notEqual(place.trim(), "/dev/video0");
    await machine.check("kill $(cat /tmp/holder)");
  });

  await step("the server lets go of what it locked when it stops", async () => {
    const mark = await webcam.mark();
    await stop();
    await webcam.heard("stopped", mark);
    assert.doesNotMatch(await machine.check("cat /tmp/server.log"), /\berror\b/i);
  });

  await step("another size is granted, and a driver's mark of damage is heeded", async () => {
    await webcam.tell("unplug");
    await machine.check(
      "killall mdev; rm -r /dev/v4l; rmmod uvcvideo && modprobe uvcvideo nodrop=1",
    );
    await webcam.tell("plug");
    const path = await waitFor(
      "the camera",
      async () => /\/dev\/video\d+/.exec((await machine.run("ls /dev/video*")).output)?.[0],
      SLOW,
    );
    await serve(`--camera_device=${path} --capture_width_px=1280 --capture_height_px=720`);
    const { payload } = await ownFrame(({ width }) => width === 1280);
    assert.equal(payload.height, 720);
    await countsMore("damaged", "error 3", 3);
  });

  await step("without lasting paths it is found again at the same plug", async () => {
    await machine.check("sleep 1000 </dev/video0 & echo $! >/tmp/holder");
    const mark = heard.now;
    await webcam.tell("unplug");
    await heard.status("CAMERA_DISCONNECTED", mark);
    await webcam.tell("plug");
    await heard.more("frame", 3);
    assert.equal((await machine.run("ls /dev/video0")).status, 1, "under another number");
    await stop();
  });
});
