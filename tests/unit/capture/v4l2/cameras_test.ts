import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CameraInfo,
  parseCameras,
  withDistinctPaths,
} from "../../../../src/capture/v4l2/cameras.ts";
import { describe as describeAll } from "../../../../src/commands/devices.ts";

const describe = (v4l2: CameraInfo[]) =>
  describeAll({ v4l2, libcamera: { state: "listed", cameras: [] } });
const TEXT = [
  "camera\t/dev/video0\t/dev/v4l/by-id/usb-A\tHD Webcam\tusb-1\tuvcvideo\t",
  "format\tMJPG\tMotion-JPEG\t1",
  "size\t640\t480\t15000\t30000",
  "size\t1280\t720\t30000",
  "format\tH264\tH.264\t0",
  "camera\t/dev/video4\t\tOther\t\t\tPermission denied",
  "",
].join("\n");

Deno.test("parseCameras() reads formats, sizes and frame rates, the highest rate first", () => {
  const [webcam, other] = parseCameras(TEXT);
  assert.equal(webcam?.stablePath, "/dev/v4l/by-id/usb-A");
  assert.deepEqual(webcam?.formats[0]?.sizes[0], { width: 640, height: 480, fps: [30, 15] });
  assert.equal(webcam?.formats[1]?.supported, false);
  assert.equal(other?.error, "Permission denied");
  assert.equal(other?.stablePath, undefined);
});

Deno.test("describe() lists the flags of each mode, and what to do without permission", () => {
  const text = describe(parseCameras(TEXT));
  assert.match(text, /physiology_server --use_camera --camera_device=\/dev\/v4l\/by-id\/usb-A/);
  assert.match(text, /--codec=MJPG --capture_width_px=640 --capture_height_px=480 --max_fps=30/);
  assert.match(text, /H264 \(H.264\): not supported/);
  assert.match(text, /usermod -aG video/);
  assert.match(describe([]), /No camera/);
});

Deno.test("parseCameras() and describe() accept any text", () => {
  const word = fc.constantFrom("camera", "format", "size", "x", "", "1", "\t", "\n");
  fc.assert(fc.property(fc.array(word), (words) => {
    describe(parseCameras(words.join("\t")));
  }));
});

Deno.test("parseCameras() takes an absent size for 0", () => {
  const text = "camera\t/dev/video0\nformat\tMJPG\nsize\nsize\t64";
  assert.deepEqual(parseCameras(text)[0]?.formats[0]?.sizes, [
    { width: 0, height: 0, fps: [] },
    { width: 64, height: 0, fps: [] },
  ]);
});

Deno.test("withDistinctPaths() selects equal cameras without serial numbers by their ports", () => {
  const byId = (name: string) => `/dev/v4l/by-id/usb-${name}-video-index0`;
  const byPath = (port: number) => `/dev/v4l/by-path/usb-${port}-video-index0`;
  const lineOf = (number: number, stable: string, name: string) =>
    `camera\t/dev/video${number}\t${stable}\t${name}\tusb-${number}\tuvcvideo\t\t${byPath(number)}`;
  const pathsOf = (...lines: string[]) =>
    withDistinctPaths(parseCameras(lines.join("\n"))).map(({ stablePath }) => stablePath);
  // udev has one link for both, which leads to the second one.
  assert.deepEqual(
    pathsOf(
      lineOf(0, byPath(0), "Webcam"),
      lineOf(1, byId("Webcam"), "Webcam"),
      lineOf(2, byId("Other"), "Other"),
    ),
    [byPath(0), byPath(1), byId("Other")],
  );
  const numbered = ["1", "2"].map((serial, number) => lineOf(number, byId(serial), "Webcam"));
  assert.deepEqual(pathsOf(...numbered), [byId("1"), byId("2")]);
  assert.deepEqual(pathsOf("camera\t/dev/video0\t\tvivid\tplatform\tvivid\t\t"), [undefined]);
});
