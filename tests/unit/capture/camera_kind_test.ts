import assert from "node:assert/strict";
import { NativePipeline } from "../../../ffi/gstreamer.ts";
import { NativeError } from "../../../ffi/library.ts";
import { load } from "../../../src/app/flags.ts";
import { cameraKind, needsLibcamera } from "../../../src/capture/camera_kind.ts";
import type { SourceContext } from "../../../src/capture/source_kind.ts";
import type { Permissions } from "../../../src/config/permissions.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { fakeRpicam } from "../../support/fake_rpicam.ts";
import { replaced } from "../../support/replace.ts";

function settingsOf(...argv: string[]) {
  return load(["--use_camera", ...argv], { env: {}, readText: () => "{}" }).settings;
}

Deno.test("needsLibcamera() recognizes the device nodes of ribbon-cable cameras of a Raspberry Pi", () => {
  for (
    const name of [
      ...["unicam-image", "unicam-embedded", "bcm2835-isp-capture0", "bcm2835-codec-decode"],
      ...["rp1-cfe-csi2_ch0", "pispbe-output0", "rpi-hevc-dec", "rpivid"],
    ]
  ) assert.ok(needsLibcamera(name), name);
  for (const name of ["HD Webcam: HD Webcam", "vivid-000-vid-cap", "", undefined]) {
    assert.ok(!needsLibcamera(name), `${name}`);
  }
});

const GSTREAMER = ["--camera_source=gstreamer", "--camera_pipeline"];

Deno.test("cameraKind allows rpicam-vid and its devices only if it may be used", () => {
  using program = fakeRpicam();
  const context = { assets: "/a", env: { PATH: program.folder } };
  const without = { assets: "/a", env: { PATH: "/nothing" } };
  const cases = [
    { argv: ["--camera_source=libcamera"], context, runs: true, devices: true },
    { argv: [], context, runs: true, devices: true },
    { argv: [], context: without, runs: false, devices: false },
    { argv: ["--camera_source=libcamera"], context: without, runs: false, devices: true },
    { argv: ["--camera_source=v4l2"], context, runs: false, devices: false },
    { argv: ["--camera_device=/dev/video0"], context, runs: false, devices: false },
    { argv: [...GSTREAMER, "v4l2src"], context, runs: false, devices: false },
    { argv: [...GSTREAMER, "libcamerasrc"], context, runs: false, devices: true },
  ];
  for (const { argv, context, runs, devices } of cases) {
    const settings = settingsOf(...argv);
    const permissions: Partial<Permissions> = cameraKind.permissions(settings, context);
    assert.equal(permissions.run?.includes("rpicam-vid") ?? false, runs, argv.join());
    assert.equal(cameraKind.devices(settings, context).length > 0, devices, argv.join());
  }
});

const CONTEXT: SourceContext = {
  clock: new SystemClock(),
  counters: new Counters(),
  log: silentLog,
  analysisWidth: 200,
  jpegQuality: 0,
};

Deno.test("cameraKind opens and checks libcamera with the settings of the camera", async () => {
  using program = fakeRpicam({ runs: [{ then: "exit 1" }], list: "0 : imx219 (/base)\n" });
  const settings = settingsOf(
    ...["--camera_source=libcamera", "--camera_device_index=2", "--max_fps=25", "--codec=MJPG"],
    ...["--capture_width_px=1280", "--capture_height_px=720"],
    ...["--camera_power_line_frequency=60", "--input_transform_mode=clockwise_180"],
  );
  await using source = await cameraKind.open(settings, CONTEXT);
  await assert.rejects(source[Symbol.asyncIterator]().next(), /camera 2 of libcamera/);
  assert.match(
    program.arguments[0]!,
    /--camera 2 .*--width 1280 --height 720 --framerate 25 --codec mjpeg --quality 95 .*--rotation 180 --flicker-period 8333us$/,
  );
  await assert.rejects(cameraKind.check(settings), /no camera with this number/);
});

Deno.test("cameraKind reads a device that does not need libcamera by V4L2", async () => {
  using program = fakeRpicam();
  await using source = await cameraKind.open(settingsOf("--camera_device_index=250"), CONTEXT);
  assert.match(source.description, /^camera \/dev\/video250/);
  await assert.rejects(cameraKind.check(settingsOf("--camera_device_index=250")), /video250/);
  assert.deepEqual(program.arguments, []);
});

Deno.test("cameraKind opens and checks the pipeline of GStreamer, completed with the settings", async () => {
  const pipelines: string[] = [];
  const refuse = (pipeline: string) => {
    pipelines.push(pipeline);
    return Promise.reject(new NativeError("no element", "argument"));
  };
  using _open = replaced(NativePipeline, "open", refuse);
  using _check = replaced(NativePipeline, "check", refuse);
  const settings = settingsOf(...GSTREAMER, "v4l2src", "--camera_device_index=3", "--max_fps=25");
  await using source = await cameraKind.open(settings, CONTEXT);
  await assert.rejects(source[Symbol.asyncIterator]().next(), /no element/);
  await assert.rejects(cameraKind.check(settings), /no element/);
  assert.equal(pipelines[0], pipelines[1]);
  assert.match(
    pipelines[0]!,
    /^v4l2src device=\/dev\/video3 ! image\/jpeg,width=640,.*25000\/1000 !/,
  );
});
