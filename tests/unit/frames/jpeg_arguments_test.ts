import assert from "node:assert/strict";
import { qscaleOf } from "../../../src/frames/jpeg_arguments.ts";

Deno.test("qscaleOf() does not rise with the quality and stays within ffmpeg's range", () => {
  let previous = Infinity;
  for (let quality = 1; quality <= 100; quality++) {
    const qscale = qscaleOf(quality);
    assert.ok(qscale >= 1 && qscale <= 60 && qscale <= previous);
    previous = qscale;
  }
});
