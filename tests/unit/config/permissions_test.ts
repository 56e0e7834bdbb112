import assert from "node:assert/strict";
import { combinePermissions, permissionFlags } from "../../../src/config/permissions.ts";

Deno.test("permissionFlags() doubles a comma in a path", () => {
  const flags = permissionFlags(
    { read: ["/a,b"], write: true, net: [], run: ["ffmpeg"], ffi: false },
    { running: "/mark" },
  );
  assert.deepEqual(flags, [
    "--allow-env",
    "--allow-read=/a,,b",
    "--allow-write",
    "--allow-run=ffmpeg",
  ]);
});

Deno.test("combinePermissions() merges the parts, and allows reading what may be written", () => {
  const permissions = combinePermissions([
    { read: ["/a"], write: ["/b"], net: ["h:1"], run: ["x"] },
    { read: ["/a", "/c"], net: ["h:2"], run: ["x"], ffi: true },
  ]);
  assert.deepEqual(permissions, {
    read: ["/a", "/c", "/b"],
    write: ["/b"],
    net: ["h:1", "h:2"],
    run: ["x"],
    ffi: true,
  });
  assert.equal(combinePermissions([{ net: ["h:1"] }, { net: true }]).net, true);
});
