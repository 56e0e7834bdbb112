import assert from "node:assert/strict";
import {
  type CameraRequest,
  decodeGranted,
  encodeRequest,
  TRANSFORMS,
} from "../../../ffi/camera_values.ts";
import { CAMERA_GRANTED, CAMERA_REQUEST } from "../../../ffi/struct_layout.ts";

const REQUEST: CameraRequest = {
  width: 1280,
  height: 720,
  fps: 29.97,
  format: "MJPG",
  minWidth: 320,
  transform: "none",
  powerLine: "auto",
  jpegQuality: 80,
};

function fieldsOf(request: Partial<CameraRequest>): Record<string, number> {
  const bytes = encodeRequest({ ...REQUEST, ...request });
  assert.equal(bytes.length, CAMERA_REQUEST.bytes);
  const view = new DataView(bytes.buffer);
  return Object.fromEntries(
    Object.entries(CAMERA_REQUEST.offsets).map(([name, at]) => [name, view.getInt32(at, true)]),
  );
}

Deno.test("encodeRequest() writes the settings, with the rate in frames per 1000 s", () => {
  assert.deepEqual(fieldsOf({}), {
    width: 1280,
    height: 720,
    fpsMilli: 29_970,
    fourcc: 0x47504a4d, // "MJPG", the first letter in the lowest byte
    powerLine: 3,
    minWidth: 320,
    transform: 0,
    jpegQuality: 80,
  });
  assert.equal(fieldsOf({ fps: 0.0004 })["fpsMilli"], 0);
  assert.equal(fieldsOf({ fps: 0.0006 })["fpsMilli"], 1);
});

for (
  const [format, code] of [
    ["auto", 0],
    ["YUYV", 0x56595559],
    ["Y8", 0x20203859],
    ["GREYISH", 0x59455247],
  ] as const
) {
  Deno.test(`encodeRequest() encodes the format ${format}`, () => {
    assert.equal(fieldsOf({ format })["fourcc"], code);
  });
}

Deno.test("encodeRequest() encodes the power line as V4L2 does, and the transform by its index", () => {
  const lines = ["leave", "off", "50", "60", "auto"] as const;
  assert.deepEqual(lines.map((powerLine) => fieldsOf({ powerLine })["powerLine"]), [
    -1,
    0,
    1,
    2,
    3,
  ]);
  assert.deepEqual(TRANSFORMS.map((transform) => fieldsOf({ transform })["transform"]), [
    0,
    1,
    2,
    3,
    4,
    5,
  ]);
});

function granted(fpsMilli: number) {
  const bytes = new Uint8Array(new ArrayBuffer(CAMERA_GRANTED.bytes));
  const { offsets } = CAMERA_GRANTED;
  const view = new DataView(bytes.buffer);
  view.setInt32(offsets.width, 640, true);
  view.setInt32(offsets.height, 480, true);
  view.setInt32(offsets.fpsMilli, fpsMilli, true);
  const text = (value: string, at: number) => bytes.set(new TextEncoder().encode(value), at);
  text("YUYV", offsets.fourcc);
  text("HD Webcam\0rest", offsets.name);
  text("usb-1", offsets.bus);
  text("uvcvideo", offsets.driver);
  return decodeGranted(bytes);
}

Deno.test("decodeGranted() reads the settings, without a rate that the camera does not report", () => {
  const settings = {
    width: 640,
    height: 480,
    format: "YUYV",
    name: "HD Webcam",
    bus: "usb-1",
    driver: "uvcvideo",
  };
  assert.deepEqual(granted(7500), { ...settings, fps: 7.5 });
  assert.deepEqual(granted(1), { ...settings, fps: 0.001 });
  assert.deepEqual(granted(0), settings);
});
