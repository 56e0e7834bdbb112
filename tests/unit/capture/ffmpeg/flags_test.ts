import assert from "node:assert/strict";
import { videoFlags, videoInputOf } from "../../../../src/capture/ffmpeg/flags.ts";
import { load } from "../../../../src/app/flags.ts";
import { UsageError } from "../../../../src/base/errors.ts";
import { defaultsOf } from "../../../support/flag_limits.ts";

Deno.test("videoFlags play a video once and in real time by default", () => {
  assert.deepEqual(defaultsOf(videoFlags), { inputUrl: "", loop: false, realtime: true });
});

Deno.test("videoInputOf() is the path, or the URL from a flag, a file or a credential", () => {
  const url = "rtsp://me:hunter2@cam/1";
  const inputOf = (argv: readonly string[], env: Record<string, string> = {}) => {
    const readText = (path: string) => {
      if (path === "/url" || path === "/run/input_video_url") return `${url}\n`;
      throw new Deno.errors.NotFound(path);
    };
    return videoInputOf(load(argv, { env, readText }).settings.video);
  };
  assert.equal(inputOf(["--input_video_path=/a.avi"]), "/a.avi");
  assert.equal(inputOf([`--input_video_url=${url}`]), url);
  assert.equal(inputOf(["--input_video_url_file=/url"]), url);
  assert.equal(inputOf([], { CREDENTIALS_DIRECTORY: "/run" }), url);
  assert.equal(inputOf(["--simulate"]), undefined);
  assert.throws(
    () => inputOf(["--input_video_path=/a.avi", "--input_video_url_file=/url"]),
    (error) => error instanceof UsageError && !/hunter2/.test(error.message),
  );
});

Deno.test("videoRules refuse a URL with spaces, whose password no message could mask, and show none of it", () => {
  const loadFlag = (flag: string, readText = (path: string) => path) =>
    load([flag], { env: {}, readText });
  const url = "rtsp://me:hunter 2@cam/1";
  for (
    const flag of [`input_video_url=${url}`, `input_video_path=${url}`, "input_video_url_file=/url"]
  ) {
    assert.throws(
      () => loadFlag(`--${flag}`, () => url),
      (error) => error instanceof UsageError && !/hunter|2@/.test(error.describe()),
    );
  }
  loadFlag("--input_video_path=/my videos/a: b.avi");
});
