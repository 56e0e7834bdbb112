import assert from "node:assert/strict";
import { NativeError } from "../../../../ffi/library.ts";
import { cameraError } from "../../../../src/capture/v4l2/hints.ts";

Deno.test("cameraError() keeps the reason, and hints at what helps against it", () => {
  for (
    const { status, hint } of [
      { status: "no_device", hint: /^Plug the camera in/ },
      { status: "busy", hint: /`fuser -v \/dev\/video3` shows it/ },
      { status: "permission", hint: /usermod -aG video USER/ },
      { status: "format", hint: /--codec=auto/ },
      { status: "argument", hint: /^Choose a size/ },
      { status: "system", hint: /kernel log/ },
    ] as const
  ) {
    const cause = new NativeError("Cannot open /dev/video3: because", status);
    const error = cameraError("/dev/video3", cause);
    assert.deepEqual([error.message, error.cause], [cause.message, cause]);
    assert.match(error.hint, hint);
  }
  const other = cameraError("/dev/video3", new Error("strange"));
  assert.equal(other.message, "strange");
  assert.match(other.hint, /^Reconnect the camera/);
});
