import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { readsNetwork } from "../../../../src/capture/gstreamer/flags.ts";

const loadWith = (...argv: string[]) =>
  load(argv, { env: {}, readText: () => "{}" }).settings.camera;
const GSTREAMER = ["--use_camera", "--camera_source=gstreamer"];

Deno.test("gstreamerRule accepts a pipeline, and URLs without credentials", () => {
  for (
    const pipeline of ["v4l2src", "rtspsrc location=rtsp://cam/1 ! rtpjpegdepay", "a name=b@c"]
  ) {
    assert.equal(loadWith(...GSTREAMER, `--camera_pipeline=${pipeline}`).pipeline, pipeline);
  }
  assert.equal(loadWith("--use_camera").pipeline, undefined);
});

Deno.test("gstreamerRule refuses settings that the pipeline has to contain, and secrets", () => {
  const cases: [string[], RegExp][] = [
    [GSTREAMER, /without --camera_pipeline/],
    [["--use_camera", "--camera_pipeline=v4l2src"], /without --use_camera and --camera_source/],
    [["--simulate", "--camera_pipeline=v4l2src"], /without --use_camera and --camera_source/],
    [[...GSTREAMER, "--camera_pipeline=v4l2src", "--codec=MJPG"], /--codec=MJPG with GStreamer/],
    [
      [...GSTREAMER, "--camera_pipeline=v4l2src", "--input_transform_mode=mirror_vertical"],
      /add the element videoflip/,
    ],
    [
      [...GSTREAMER, "--camera_pipeline=rtspsrc location=rtsp://me:secret@cam/1"],
      /URL with credentials in --camera_pipeline: use --input_video_url_file/,
    ],
  ];
  for (const [argv, expected] of cases) assert.throws(() => loadWith(...argv), expected);
});

Deno.test("readsNetwork() recognizes sources of the network", () => {
  const reads = (pipeline: string) =>
    readsNetwork(loadWith(...GSTREAMER, `--camera_pipeline=${pipeline}`));
  for (const each of ["rtspsrc location=rtsp://cam/1", "udpsrc port=5000", "tcpclientsrc ! a"]) {
    assert.ok(reads(each), each);
  }
  for (const each of ["v4l2src", "filesrc location=/udp ! avidemux"]) assert.ok(!reads(each), each);
  assert.ok(!readsNetwork(loadWith("--use_camera")));
});
