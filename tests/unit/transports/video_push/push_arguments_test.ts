import assert from "node:assert/strict";
import { pushArguments } from "../../../../src/transports/video_push/push_arguments.ts";

const SYSTEM = {
  path: "ffmpeg",
  version: "5.1.9",
  libavutil: [57, 28, 100],
  build: "gnutls",
  passthrough: ["-fps_mode", "passthrough"],
} as const;
const URL = "rtsp://me:hunter2@127.0.0.1/bed";

Deno.test("pushArguments() keep the URL out of the list of processes with the own ffmpeg", () => {
  const own = pushArguments("copy", { url: URL, executable: { ...SYSTEM, build: "own" } });
  assert(!own.join(" ").includes("hunter2"));
  assert.equal(own.at(-1), "env:PHYSIOLOGY_VIDEO_PUSH_TARGET");
  assert.equal(pushArguments("copy", { url: URL, executable: SYSTEM }).at(-1), URL);
});

Deno.test("pushArguments() read nothing but JPEGs in NUT, and write RTP over TCP", () => {
  for (const format of ["copy", "mjpeg", "libx264", "h264_v4l2m2m"] as const) {
    const text = pushArguments(format, { url: URL, executable: SYSTEM }).join(" ");
    assert.match(text, /-protocol_whitelist pipe -format_whitelist nut -codec_whitelist mjpeg /);
    assert.match(text, /-f rtsp -rtsp_transport tcp /);
    assert.equal(/-c:v copy /.test(text), format === "copy");
    // Frames keep their times: none is repeated or dropped for a constant rate.
    assert.equal(text.includes("-fps_mode passthrough"), format !== "copy");
  }
});
