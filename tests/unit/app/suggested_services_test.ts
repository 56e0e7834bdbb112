import fc from "fast-check";
import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import {
  type SuggestedService,
  suggestionText,
  suggestServices,
} from "../../../src/app/suggested_services.ts";
import type { Cameras } from "../../../src/capture/cameras.ts";
import type { CameraInfo } from "../../../src/capture/v4l2/cameras.ts";
import type { InstalledService } from "../../../src/installation/installed.ts";
import { INSTANCE_NAME, serviceOf } from "../../../src/installation/paths.ts";

const MJPG = { codec: "MJPG", description: "", supported: true, sizes: [] };
const RAW = { codec: "RG10", description: "", supported: false, sizes: [] };
const camera = (number: number, parts: Partial<CameraInfo> = {}): CameraInfo => ({
  path: `/dev/video${number}`,
  stablePath: `/dev/v4l/by-id/usb-${number}-video-index0`,
  name: "Webcam",
  bus: `usb-${number}`,
  driver: "uvcvideo",
  formats: [MJPG],
  ...parts,
});
const none: Cameras["libcamera"] = { state: "listed", cameras: [] };
const only = (...v4l2: CameraInfo[]): Cameras => ({ v4l2, libcamera: none });
const installed = (instance: string | undefined, ...args: string[]): InstalledService => ({
  service: serviceOf(instance),
  unit: "",
  args,
  redisConfig: undefined,
});
const deviceFlag = (number: number) => `--camera_device=/dev/v4l/by-id/usb-${number}-video-index0`;
const linesOf = (cameras: Cameras, ...services: InstalledService[]) =>
  suggestionText(cameras, services).split("\n");

Deno.test("suggestionText() has a command for each camera, and none with an instance for a single one", () => {
  assert.deepEqual(linesOf(only(camera(0))), [
    `physiology_server install --use_camera ${deviceFlag(0)}`,
  ]);
  assert.deepEqual(linesOf(only(camera(0), camera(2))), [
    `physiology_server install --instance=camera1 --use_camera ${deviceFlag(0)}`,
    `physiology_server install --instance=camera2 --use_camera ${deviceFlag(2)}`,
  ]);
  assert.deepEqual(linesOf(only()), ["# No camera found"]);
});

Deno.test("suggestionText() selects cameras of libcamera and of a Jetson by their numbers", () => {
  const modes = [] as const;
  const libcamera: Cameras["libcamera"] = {
    state: "listed",
    cameras: [0, 1].map((index) => ({ index, model: "imx708", id: `/base/${index}`, modes })),
  };
  const ribbon = camera(0, { name: "unicam", driver: "unicam" });
  assert.deepEqual(linesOf({ v4l2: [ribbon], libcamera }), [
    "physiology_server install --instance=camera1 --use_camera --camera_source=libcamera --camera_device_index=0",
    "physiology_server install --instance=camera2 --use_camera --camera_source=libcamera --camera_device_index=1",
  ]);
  const sensors = [0, 1].map((number) =>
    camera(number, { driver: "tegra-video", bus: `vi:${number}`, formats: [RAW] })
  );
  const flags =
    "--use_camera --camera_source=gstreamer --camera_pipeline=nvarguscamerasrc --camera_device_index";
  assert.deepEqual(linesOf(only(...sensors, camera(2))), [
    `physiology_server install --instance=camera1 --use_camera ${deviceFlag(2)}`,
    `physiology_server install --instance=camera2 ${flags}=0`,
    `physiology_server install --instance=camera3 ${flags}=1`,
  ]);
});

Deno.test("suggestionText() has comments for what cannot be used, and one command for each device", () => {
  const denied = camera(4, { error: "Permission denied", formats: [] });
  const infrared = camera(1, { bus: "usb-0" });
  const lines = linesOf(only(camera(0), infrared, denied, camera(5, { formats: [RAW] })));
  assert.deepEqual(lines.filter((line) => !line.startsWith("#")), [
    `physiology_server install --use_camera ${deviceFlag(0)}`,
  ]);
  assert.match(lines[1]!, /^# cannot use \/dev\/video4: permission denied: add the user/);
  assert.match(lines[2]!, /^# cannot use \/dev\/video5: it offers no format/);
});

Deno.test("suggestServices() keeps the service of a camera that is installed", () => {
  const instancesOf = (cameras: Cameras, ...services: InstalledService[]) =>
    suggestServices(cameras, services).map(({ instance }) => instance);
  const bed2 = installed("bed2", "--use_camera", deviceFlag(2));
  assert.deepEqual(instancesOf(only(camera(0), camera(2)), bed2), ["camera1", "bed2"]);
  assert.deepEqual(instancesOf(only(camera(2)), bed2), ["bed2"]);
  assert.deepEqual(instancesOf(only(camera(0)), bed2), ["camera1"]);
  const single = installed(undefined, "--use_camera", deviceFlag(0));
  assert.deepEqual(instancesOf(only(camera(0), camera(2)), single), [undefined, "camera1"]);
  const camera1 = installed("camera1", "--use_camera", deviceFlag(7));
  assert.deepEqual(instancesOf(only(camera(0), camera(2)), camera1), ["camera2", "camera3"]);
  const libcamera: Cameras["libcamera"] = {
    state: "listed",
    cameras: [0, 1].map((index) => ({ index, model: "imx708", id: `/base/${index}`, modes: [] })),
  };
  const flags = ["--use_camera", "--camera_source=libcamera"];
  // 0 is the default, which install does not write.
  assert.deepEqual(
    instancesOf(
      { v4l2: [], libcamera },
      installed("left", ...flags),
      installed("right", ...flags, "--camera_device_index=1"),
    ),
    ["left", "right"],
  );
});

Deno.test("suggestServices() gives commands that install accepts, whatever the paths are", () => {
  const path = fc.string({ unit: "grapheme", minLength: 1 })
    .filter((text) => !text.includes("\0")).map((text) => `/dev/v4l/by-id/${text}`);
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 6 }), (paths) => {
      const services: readonly SuggestedService[] = suggestServices(
        only(...paths.map((stablePath, number) => camera(number, { stablePath }))),
        [],
      );
      const loaded = services.map(({ argv }) =>
        load(argv, { env: {}, readText: () => "" }).settings
      );
      assert.deepEqual(loaded.map(({ camera }) => camera.device), paths);
      const names = loaded.map(({ install }) => install.instance);
      assert.equal(new Set(names).size, paths.length);
      if (paths.length > 1) names.forEach((name) => assert.match(name!, INSTANCE_NAME.regex));
    }),
  );
});
