import assert from "node:assert/strict";
import { NativeCamera } from "../../../ffi/camera.ts";
import type { CameraRequest } from "../../../ffi/camera_values.ts";
import { load } from "../../../src/app/flags.ts";
import { SOURCES } from "../../../src/app/sources.ts";
import type { FrameSource } from "../../../src/capture/frame.ts";
import type { SourceContext } from "../../../src/capture/source_kind.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { withEnvironment } from "../../support/environment.ts";
import { fakeFfmpeg, nutStream } from "../../support/fake_ffmpeg.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { replaced } from "../../support/replace.ts";

const CONTEXT: SourceContext = {
  clock: new SystemClock(),
  counters: new Counters(),
  log: silentLog,
  analysisWidth: 200,
  jpegQuality: 70,
};

/** Opens the source that the flags select. */
async function open(...argv: readonly string[]): Promise<{ name: string; source: FrameSource }> {
  const { settings } = load(argv, { env: {}, readText: () => "{}" });
  const [kind, ...others] = SOURCES.filter(({ isSelected }) => isSelected(settings));
  assert.ok(kind && others.length === 0);
  return { name: kind.name, source: await kind.open(settings, CONTEXT) };
}

Deno.test("SOURCES open the camera of --use_camera with its settings", async () => {
  for (
    const { flags, path } of [
      { flags: ["--camera_device_index=3"], path: "/dev/video3" },
      {
        flags: ["--camera_device=/dev/v4l/by-id/a", "--camera_device_index=3"],
        path: "/dev/v4l/by-id/a",
      },
    ]
  ) {
    const requests: [string, CameraRequest][] = [];
    using _open = replaced(NativeCamera, "open", (path, request) => {
      requests.push([path, request]);
      return Promise.reject(new Error("no camera"));
    });
    const { name, source } = await open(
      ...["--use_camera", "--capture_width_px=1280", "--capture_height_px=720", "--max_fps=25"],
      ...[
        "--codec=YUYV",
        "--camera_power_line_frequency=60",
        "--input_transform_mode=clockwise_90",
      ],
      ...flags,
    );
    assert.equal(name, "camera");
    await assert.rejects(source[Symbol.asyncIterator]().next(), /no camera/);
    assert.deepEqual(requests, [[path, {
      width: 1280,
      height: 720,
      fps: 25,
      format: "YUYV",
      minWidth: 200,
      transform: "clockwise_90",
      powerLine: "60",
      jpegQuality: 70,
    }]]);
  }
});

Deno.test("SOURCES open the video of --input_video_path with its settings", async () => {
  using folder = temporaryFolder();
  const video = `${folder.path}/clip.avi`;
  const timesPath = `${folder.path}/times.txt`;
  Deno.writeTextFileSync(video, "");
  Deno.writeTextFileSync(timesPath, "0\n55\n");
  using ffmpeg = fakeFfmpeg({ runs: [{ output: nutStream([0, 40_000]) }] });
  const { name, source } = await withEnvironment(
    { PHYSIOLOGY_FFMPEG: ffmpeg.path, PHYSIOLOGY_FFMPEG_SANDBOX: "off" },
    () =>
      open(
        ...[`--input_video_path=${video}`, `--input_video_time_path=${timesPath}`, "--norealtime"],
        ...["--input_transform_mode=mirror_vertical", "--loop"],
      ),
  );
  await using _source = source;
  assert.deepEqual([name, source.realtime], ["video", false]);
  const times: number[] = [];
  for await (const event of source) {
    assert.ok(event.kind === "frame");
    times.push(event.frame.timeUs);
    event.frame[Symbol.dispose]();
    if (times.length === 3) break; // the third is in the second pass
  }
  assert.deepEqual(times.map((timeUs) => timeUs - times[0]!), [0, 55_000, 110_000]);
  assert.ok(ffmpeg.arguments.includes("vflip"));
});

Deno.test("SOURCES open the simulated camera of --simulate, with a stamped ground truth", async () => {
  using folder = temporaryFolder();
  const truthPath = `${folder.path}/truth.csv`;
  const { name, source } = await open(
    ...["--simulate", "--norealtime", "--capture_width_px=64", "--capture_height_px=64"],
    ...["--simulate_scene=empty", `--simulate_truth_path=${truthPath}`],
  );
  await using _source = source;
  assert.deepEqual([name, source.realtime], ["simulation", false]);
  assert.match(source.description, /\(empty\): 64x64 at 30 fps/);
  assert.match(Deno.readTextFileSync(truthPath), /,timestamp\n$/);
});
