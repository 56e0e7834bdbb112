import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { conflictOf } from "../../../../src/capture/libcamera/flags.ts";

function settingsOf(...argv: string[]) {
  return load(["--use_camera", ...argv], { env: {}, readText: () => "{}" }).settings.camera;
}

Deno.test("conflictOf() names settings that only V4L2 has", () => {
  const cases: [string[], RegExp | undefined][] = [
    [[], undefined],
    [["--codec=MJPG", "--camera_device_index=1"], undefined],
    [["--input_transform_mode=clockwise_180"], undefined],
    [["--input_transform_mode=mirror_vertical"], undefined],
    [["--camera_device=/dev/video1"], /--camera_device .* --camera_device_index/],
    [["--codec=YUYV"], /--codec=YUYV with libcamera/],
    [["--input_transform_mode=clockwise_90"], /--input_transform_mode=clockwise_90 with libcamera/],
    [["--input_transform_mode=counterclockwise_90"], /counterclockwise_90 with libcamera/],
  ];
  for (const [argv, expected] of cases) {
    const conflict = conflictOf(settingsOf(...argv));
    if (expected) assert.match(conflict ?? "", expected);
    else assert.equal(conflict, undefined);
  }
});

Deno.test("libcameraRule refuses such settings before the start, only with libcamera", () => {
  assert.throws(
    () => settingsOf("--camera_source=libcamera", "--codec=GREY"),
    /Cannot use --codec=GREY with libcamera: use auto \(raw frames\) or MJPG/,
  );
  settingsOf("--camera_source=v4l2", "--codec=GREY");
  settingsOf("--codec=GREY");
});
