import assert from "node:assert/strict";
import { explainFileError, isDiskFull } from "../../../../src/transports/file/file_error.ts";

Deno.test("explainFileError() says what to do about each fault", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  assert.ok(isDiskFull(full));
  assert.match(explainFileError(full, "/out"), /^Cannot write to \/out: the disk is full/);
  const denied = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  assert.match(explainFileError(denied, "/out"), /permission denied: let the server's user/);
});
