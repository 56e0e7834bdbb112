import assert from "node:assert/strict";
import type { Cameras } from "../../../src/capture/cameras.ts";
import { camerasJson, describe, run } from "../../../src/commands/devices.ts";
import type { CameraInfo } from "../../../src/capture/v4l2/cameras.ts";
import { commandContext } from "../../support/command_context.ts";

const WEBCAM: CameraInfo = {
  path: "/dev/video0",
  stablePath: "/dev/v4l/by-id/usb-A",
  name: "HD Webcam",
  bus: "usb-1",
  driver: "uvcvideo",
  formats: [
    {
      codec: "MJPG",
      description: "Motion-JPEG",
      supported: true,
      sizes: [
        { width: 640, height: 480, fps: [30, 14.985] },
        { width: 1280, height: 720, fps: [] },
        { width: 1920, height: 1080, fps: [5] },
      ],
    },
    {
      codec: "H264",
      description: "H.264",
      supported: false,
      sizes: [{ width: 1920, height: 1080, fps: [30] }],
    },
  ],
};
const NOT_INSTALLED = { state: "not_installed", hint: "Install it" } as const;
/** The cameras of a machine without libcamera. */
const only = (...v4l2: CameraInfo[]): Cameras => ({ v4l2, libcamera: NOT_INSTALLED });
const WITHOUT_NAME: CameraInfo = {
  path: "/dev/video4",
  name: "",
  bus: "",
  driver: "",
  formats: [],
};

Deno.test("describe() lists a camera with the flags that select it and each of its modes", () => {
  assert.deepEqual(describe(only(WEBCAM)).split("\n"), [
    "HD Webcam (usb-1): /dev/video0",
    "  Stable path: /dev/v4l/by-id/usb-A",
    "  physiology_server --use_camera --camera_device=/dev/v4l/by-id/usb-A",
    "  MJPG (Motion-JPEG)",
    "    640x480: 30, 14.99 fps",
    "      --codec=MJPG --capture_width_px=640 --capture_height_px=480 --max_fps=30",
    "    1280x720",
    "      --codec=MJPG --capture_width_px=1280 --capture_height_px=720",
    "    1920x1080: 5 fps",
    "      --codec=MJPG --capture_width_px=1920 --capture_height_px=1080 --max_fps=5",
    "  H264 (H.264): not supported",
  ]);
});

Deno.test("describe() lists a camera without a name, and separates cameras by an empty line", () => {
  assert.deepEqual(describe(only(WITHOUT_NAME, WITHOUT_NAME)).split("\n"), [
    "Camera: /dev/video4",
    "  physiology_server --use_camera --camera_device=/dev/video4",
    "",
    "Camera: /dev/video4",
    "  physiology_server --use_camera --camera_device=/dev/video4",
  ]);
});

Deno.test("describe() says what to do if a camera cannot be opened, or if there is none", () => {
  const denied = describe(only({ ...WITHOUT_NAME, error: "Permission denied" }));
  assert.match(
    denied,
    /^Camera: \/dev\/video4\n {2}Cannot open the camera: Permission denied: add/,
  );
  assert.match(denied, /usermod -aG video USER/);
  const other = describe(only({ ...WITHOUT_NAME, error: "Input/output error" }));
  assert.match(other, /Cannot open the camera: Input\/output error: see the kernel log \(dmesg\)$/);
  assert.match(describe(only()), /^No camera found\.\nConnect a camera\./);
});

Deno.test("camerasJson() has the properties of each camera, and the flags that select it", () => {
  assert.deepEqual(JSON.parse(camerasJson(only(WEBCAM))), {
    cameras: [{
      path: "/dev/video0",
      stable_path: "/dev/v4l/by-id/usb-A",
      name: "HD Webcam",
      bus: "usb-1",
      driver: "uvcvideo",
      flags: ["--use_camera", "--camera_device=/dev/v4l/by-id/usb-A"],
      formats: WEBCAM.formats,
    }],
    libcamera_cameras: [],
  });
});

const RIBBON: CameraInfo = { ...WITHOUT_NAME, name: "unicam", driver: "unicam" };
const LIBCAMERA: Cameras["libcamera"] = {
  state: "listed",
  cameras: [{
    index: 0,
    model: "imx708",
    id: "/base/axi/imx708@1a",
    modes: [{ width: 1536, height: 864, maxFps: 120.134 }, { width: 4608, height: 2592 }],
  }],
};

Deno.test("describe() lists the cameras of libcamera instead of the device nodes behind them", () => {
  assert.deepEqual(describe({ v4l2: [RIBBON], libcamera: LIBCAMERA }).split("\n"), [
    "imx708 (/base/axi/imx708@1a): camera 0 of libcamera",
    "  physiology_server --use_camera --camera_source=libcamera --camera_device_index=0",
    "  Modes of the sensor: 1536x864 up to 120.13 fps, 4608x2592",
  ]);
});

Deno.test("describe() names the package that a ribbon-cable camera needs, or why it is not listed", () => {
  const text = describe(only(RIBBON, WEBCAM));
  assert.match(text, /^HD Webcam[^]*\n\nA ribbon-cable camera needs rpicam-vid\. Install it$/);
  assert.doesNotMatch(describe(only(WEBCAM)), /rpicam-vid/);
  const failed = describe({ v4l2: [], libcamera: { state: "failed", error: "Cannot read: do" } });
  assert.match(failed, /^No camera found\.[^]*\n\nCannot read: do$/);
});

Deno.test("camerasJson() has the cameras of libcamera, and the hint", () => {
  const { cameras, libcamera_cameras: listed } = JSON.parse(
    camerasJson({ v4l2: [RIBBON], libcamera: LIBCAMERA }),
  );
  assert.deepEqual(cameras, []);
  assert.deepEqual(listed, [{
    index: 0,
    model: "imx708",
    id: "/base/axi/imx708@1a",
    flags: ["--use_camera", "--camera_source=libcamera", "--camera_device_index=0"],
    sensor_modes: [{ width: 1536, height: 864, max_fps: 120.134 }, { width: 4608, height: 2592 }],
  }]);
  assert.match(JSON.parse(camerasJson(only(RIBBON))).hint, /Install it$/);
});

Deno.test("devices prints the cameras of this machine as text, or as JSON", async () => {
  for (const [flags, isJson] of [[[], false], [["--json"], true]] as const) {
    const context = commandContext(["devices", ...flags]);
    assert.equal(await run(context), 0);
    assert.equal(context.printed.length, 1);
    assert.equal(context.printed[0]!.startsWith("{"), isJson);
  }
});

Deno.test("devices --suggest prints lines that a shell accepts, or JSON", async () => {
  const text = commandContext(["devices", "--suggest"]);
  assert.equal(await run(text), 0);
  for (const line of text.printed.join("\n").split("\n")) {
    assert.match(line, /^(# |physiology_server install )/);
  }
  const json = commandContext(["devices", "--suggest", "--json"]);
  assert.equal(await run(json), 0);
  assert(Array.isArray(JSON.parse(json.printed[0]!).services));
});
