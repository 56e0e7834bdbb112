import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";

function permissionsOf(...argv: string[]) {
  const env = { NOTIFY_SOCKET: "/run/systemd/notify", PHYSIOLOGY_NOTIFY: "/r/notify" };
  const { command, settings } = load(argv, { env: {}, readText: () => "{}" });
  return permissionsFor(command, settings, { assets: "/a", env });
}

Deno.test("permissionsFor() returns undefined for a command that only prints", () => {
  assert.equal(permissionsOf("--version"), undefined);
  assert.equal(permissionsOf("print-config"), undefined);
});

Deno.test("permissionsFor() allows only the Redis server, the own listeners and systemd", () => {
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

Deno.test("permissionsFor() allows running ffmpeg only if it is needed", () => {
  assert.deepEqual(permissionsOf("--use_camera")?.run, []);
  for (const argv of [["--use_camera", "--enable_hud"], ["--simulate"], ["--input_video_path=a"]]) {
    assert.deepEqual(permissionsOf(...argv)?.run, ["/a/bin/ffmpeg", "ffmpeg"]);
  }
});

Deno.test("permissionsFor() allows reading the program and the configured files", () => {
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

Deno.test("permissionsFor() allows only the output folder and systemd for the file backend", () => {
  const permissions = permissionsOf(
    "--simulate",
    "--streaming_backend=file",
    "--file_base_directory=/data",
    "--port=0",
  );
  assert.deepEqual(permissions?.net, ["unix:/run/systemd/notify", "unix:/r/notify"]);
  assert(Array.isArray(permissions?.write) && permissions.write.includes("/data"));
});

Deno.test("permissionsFor() allows every host for a Redis Cluster, whose nodes are discovered", () => {
  assert.equal(permissionsOf("--use_camera", "--redis_cluster")?.net, true);
});

Deno.test("permissionsFor() writes an IPv6 address in brackets", () => {
  const permissions = permissionsOf("--use_camera", "--redis_host=::1", "--port=0");
  assert(Array.isArray(permissions?.net) && permissions.net.includes("[::1]:6379"));
});
