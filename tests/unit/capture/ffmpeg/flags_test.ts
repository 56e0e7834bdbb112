import assert from "node:assert/strict";
import { videoFlags } from "../../../../src/capture/ffmpeg/flags.ts";
import { defaultsOf } from "../../../support/flag_limits.ts";

Deno.test("videoFlags play a video once and in real time by default", () => {
  assert.deepEqual(defaultsOf(videoFlags), { loop: false, realtime: true });
});
