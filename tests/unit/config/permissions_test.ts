import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";
import { permissionFlags } from "../../../src/config/permissions.ts";

function permissionsOf(...argv: string[]) {
  const env = { NOTIFY_SOCKET: "/run/systemd/notify", PHYSIOLOGY_NOTIFY: "/r/notify" };
  const { command, settings } = load(argv, { env: {}, readText: () => "{}" });
  return permissionsFor(command, settings, { assets: "/a", env });
}

Deno.test("a command that only prints needs nothing more than to read", () => {
  assert.equal(permissionsOf("--version"), undefined);
  assert.equal(permissionsOf("print-config"), undefined);
});

Deno.test("to Redis, only this Redis and our own doors are reached", () => {
  const permissions = permissionsOf("--use_camera", "--redis_host=cloud", "--http_port=80");
  assert.deepEqual(permissions?.net, [
    "cloud:6379",
    "127.0.0.1:50051",
    "127.0.0.1:80",
    "unix:/run/systemd/notify",
    "unix:/r/notify",
  ]);
  assert.deepEqual(permissions?.write, ["/run/systemd/notify", "/r/notify"]);
  assert.equal(permissions?.ffi, true);
});

Deno.test("only what needs ffmpeg may run it, and nothing may run anything else", () => {
  assert.deepEqual(permissionsOf("--use_camera")?.run, []);
  for (const argv of [["--use_camera", "--enable_hud"], ["--simulate"], ["--input_video_path=a"]]) {
    assert.deepEqual(permissionsOf(...argv)?.run, ["/a/bin/ffmpeg", "ffmpeg"]);
  }
});

Deno.test("a service reads its own files and those that its configuration names", () => {
  const flags = [
    "--redis_tls",
    "--redis_tls_ca_path=/etc/ca.pem",
    "--redis_config_path=/etc/r.json",
  ];
  const permissions = permissionsOf("--use_camera", "--spool_path=spool", ...flags);
  assert.deepEqual(permissions?.read, [
    "/a",
    "/etc/r.json",
    "/etc/ca.pem",
    "spool",
    "/run/systemd/notify",
    "/r/notify",
  ]);
});

Deno.test("into files, only their folder is written, and without a port no network is reached", () => {
  const permissions = permissionsOf(
    "--simulate",
    "--streaming_backend=file",
    "--file_base_directory=/data",
    "--port=0",
  );
  assert.deepEqual(permissions?.net, ["unix:/run/systemd/notify", "unix:/r/notify"]);
  assert(Array.isArray(permissions?.write) && permissions.write.includes("/data"));
});

Deno.test("a cluster and sentinels name hosts that nobody knows before", () => {
  assert.equal(permissionsOf("--use_camera", "--redis_cluster")?.net, true);
});

Deno.test("permissions become flags in which a comma of a path is doubled", () => {
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

Deno.test("an IPv6 address stands in brackets before its port", () => {
  const permissions = permissionsOf("--use_camera", "--redis_host=::1", "--port=0");
  assert(Array.isArray(permissions?.net) && permissions.net.includes("[::1]:6379"));
});
