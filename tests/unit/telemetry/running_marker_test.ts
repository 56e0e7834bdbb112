import assert from "node:assert/strict";
import { removeRunningMarker } from "../../../src/telemetry/running_marker.ts";
import { temporaryFolder } from "../../support/folders.ts";

Deno.test("removeRunningMarker() removes the file that the launcher names, if there is one", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/running`;
  Deno.writeTextFileSync(path, "");
  removeRunningMarker();
  Deno.lstatSync(path);
  Deno.env.set("PHYSIOLOGY_RUNNING", path);
  try {
    removeRunningMarker();
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
    removeRunningMarker();
  } finally {
    Deno.env.delete("PHYSIOLOGY_RUNNING");
  }
});
