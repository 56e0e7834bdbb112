import assert from "node:assert/strict";
import { chooseInput, unusableLines, usableCameras } from "../../../../src/app/up/find_input.ts";
import type { Cameras } from "../../../../src/capture/cameras.ts";
import type { CameraInfo } from "../../../../src/capture/v4l2/cameras.ts";

function camera(path: string, changes: Partial<CameraInfo> = {}): CameraInfo {
  const format = { codec: "MJPG", description: "Motion-JPEG", supported: true, sizes: [] };
  return { path, name: "Webcam", bus: "usb", driver: "uvcvideo", formats: [format], ...changes };
}

const refused = camera("/dev/video0", { error: "Permission denied", formats: [] });
const depth = camera("/dev/video1", {
  formats: [{ codec: "Z16", description: "Depth", supported: false, sizes: [] }],
});

const NOT_INSTALLED = { state: "not_installed", hint: "Install it" } as const;
/** The cameras of a machine without libcamera. */
const only = (...v4l2: CameraInfo[]): Cameras => ({ v4l2, libcamera: NOT_INSTALLED });
const ribbon = camera("/dev/video0", { name: "unicam", driver: "unicam" });
const imx219 = { index: 1, model: "imx219", id: "/base/soc/i2c0mux", modes: [] };
const listed = { state: "listed", cameras: [imx219] } as const;

Deno.test("chooseInput() uses the first camera that can be used, by its stable path", () => {
  const stable = camera("/dev/video2", { stablePath: "/dev/v4l/by-id/webcam" });
  const input = chooseInput(only(refused, depth, stable, camera("/dev/video4")));
  assert.deepEqual(input.flags, ["--use_camera", "--camera_device=/dev/v4l/by-id/webcam"]);
  assert.equal(input.isSimulated, false);
  assert.match(input.lines.join("\n"), /Webcam at \/dev\/v4l\/by-id\/webcam\n.*1 more.* devices/);
  assert.deepEqual(usableCameras(only(refused, depth)), []);
});

Deno.test("chooseInput() uses a ribbon-cable camera by libcamera, after those of video4linux", () => {
  const { flags, isSimulated, lines } = chooseInput({ v4l2: [ribbon], libcamera: listed });
  assert.deepEqual(flags, [
    "--use_camera",
    "--camera_source=libcamera",
    "--camera_device_index=1",
  ]);
  assert.equal(isSimulated, false);
  assert.deepEqual(lines, ["Camera: imx219, camera 1 of libcamera"]);
  const both = usableCameras({ v4l2: [ribbon, camera("/dev/video8")], libcamera: listed });
  assert.deepEqual(both.map(({ settings }) => settings), [
    { use: true, device: "/dev/video8" },
    { use: true, source: "libcamera", deviceIndex: 1 },
  ]);
});

Deno.test("chooseInput() simulates without a camera, and explains those that cannot be used", () => {
  assert.deepEqual(chooseInput(only()).flags, ["--simulate"]);
  const { isSimulated, lines } = chooseInput(only(refused, depth));
  assert.ok(isSimulated);
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /cannot use \/dev\/video0: permission denied: .*group video/);
  assert.match(lines[1]!, /cannot use \/dev\/video1: it offers no format that is supported/);
  assert.deepEqual(unusableLines(only(camera("/dev/video2"))), []);
  assert.match(unusableLines(only(ribbon)).join(), /needs rpicam-vid\. Install it$/);
});
