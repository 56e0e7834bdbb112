import assert from "node:assert/strict";
import { vidError } from "../../../../src/capture/libcamera/hints.ts";

const describe = (stderr: string, reason?: string) => {
  const { message, hint } = vidError(2, { stderr, reason });
  return `${message}: ${hint}`;
};

Deno.test("vidError() explains the failures of rpicam-vid", () => {
  const cases = {
    "ERROR: *** no cameras available ***": /camera 2 .* finds no camera: .*ribbon cable/,
    "ERROR: *** selected camera is not available ***": /with this number: .*--camera_device_index/,
    "ERROR: *** failed to acquire camera /base/imx219 ***": /another program uses it: Stop/,
    "ERROR: *** unrecognised option '--metadata' ***": /too old: .*rpicam-apps-lite/,
    "ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.": /v4l2/,
    "ERROR: the system appears to be configured for the legacy camera stack": /raspi-config/,
    "failed to allocate capture buffers for stream": /permission denied: .*usermod -aG video/,
  };
  for (const [stderr, expected] of Object.entries(cases)) {
    assert.match(describe(`[0:01:02] INFO Camera\n${stderr}\n`), expected);
  }
});

Deno.test("vidError() shows the last line of another failure, or the reason", () => {
  assert.match(describe("a\n\x1b[1mERROR: *** what ***\n\n"), /: .*what.*: Run `rpicam-vid/);
  assert.match(describe("ERROR: *** what ***"), /libcamera: what: Run/);
  assert.match(describe("[0:01:02] INFO", "no frame for 2.0 s"), /: no frame for 2\.0 s: Run/);
  assert.match(describe(""), /ended without a message/);
  assert.ok(describe("x".repeat(5_000)).length < 400);
});
