import assert from "node:assert/strict";
import {
  combinePermissions,
  definedPaths,
  hostAndPort,
  missingPermission,
  permissionFlags,
} from "../../../src/config/permissions.ts";

Deno.test("permissionFlags() doubles a comma in a path", () => {
  const flags = permissionFlags(
    { read: ["/a,b"], write: true, net: [], run: ["ffmpeg"], ffi: false },
  );
  assert.deepEqual(flags, [
    "--allow-env",
    "--allow-sys=umask",
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

Deno.test("combinePermissions() of nothing allows nothing, and everything if one part needs it", () => {
  assert.deepEqual(combinePermissions([{}]), { read: [], write: [], net: [], run: [], ffi: false });
  const { read, write } = combinePermissions([{ write: ["/a"] }, { write: true }]);
  assert.deepEqual([read, write], [true, true]);
});

Deno.test("permissionFlags() allow native code only if needed", () => {
  const permissions = {
    read: true,
    write: ["/w"],
    net: ["h:1", "h:1"],
    run: [],
    ffi: true,
  } as const;
  assert.deepEqual(permissionFlags(permissions), [
    "--allow-env",
    "--allow-sys=umask",
    "--allow-read",
    "--allow-write=/w",
    "--allow-net=h:1",
    "--allow-ffi",
  ]);
  assert.ok(!permissionFlags({ ...permissions, ffi: false }).includes("--allow-ffi"));
});

Deno.test("definedPaths() are the paths that are set", () => {
  assert.deepEqual(definedPaths("/a", undefined, "", "/b"), ["/a", "/b"]);
});

Deno.test("hostAndPort() puts an IPv6 address in brackets, and omits the port 0", () => {
  assert.equal(hostAndPort("ward", 7), "ward:7");
  assert.equal(hostAndPort("ward", 0), "ward");
  assert.equal(hostAndPort("::1", 7), "[::1]:7");
  assert.equal(hostAndPort("[::1]", 7), "[::1]:7");
});

/** Answers queries of permissions: granted, unless the host or path is listed. */
function withoutPermissions(denied: readonly (string | undefined)[]): Disposable {
  const { querySync } = Deno.permissions;
  Deno.permissions.querySync = (descriptor) => {
    const { host, path } = descriptor as { host?: string; path?: string };
    const isDenied = denied.includes(host ?? path);
    return { state: isDenied ? "denied" : "granted" } as Deno.PermissionStatus;
  };
  return {
    [Symbol.dispose]: () => {
      Deno.permissions.querySync = querySync;
    },
  };
}

Deno.test("missingPermission() names the first host or path that may not be used", () => {
  const wanted = { net: ["a:1", "b:2"], read: ["/certificate"] };
  for (
    const [denied, missing] of [
      [[], undefined],
      [["b:2", "/certificate"], "b:2"],
      [["/certificate"], "/certificate"],
    ] as const
  ) {
    using _denied = withoutPermissions(denied);
    assert.equal(missingPermission(wanted), missing);
  }
});

Deno.test("missingPermission() asks for every host or path at once", () => {
  using _denied = withoutPermissions([undefined]);
  assert.equal(missingPermission({ net: true }), "any host");
  assert.equal(missingPermission({ read: true }), "any host");
  assert.equal(missingPermission({}), undefined);
  assert.equal(missingPermission({ net: ["a"], read: ["/b"] }), undefined);
});
