import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor, programContext } from "../../../src/app/permissions.ts";
import { assetPath } from "../../../src/base/assets.ts";
import { type CommandName, COMMANDS } from "../../../src/config/command_names.ts";
import { withEnvironment } from "../../support/environment.ts";

function permissionsOf(...argv: string[]) {
  const env = { NOTIFY_SOCKET: "/run/systemd/notify", PHYSIOLOGY_NOTIFY: "/r/notify" };
  const { command, settings } = load(argv, {
    env: {},
    readText: (path) => path === "/token" ? "a token of 16 characters" : "{}",
  });
  return permissionsFor(command, settings, { assets: "/a", env });
}

Deno.test("permissionsFor() returns undefined for a command that only prints", () => {
  assert.equal(permissionsOf("--version"), undefined);
  assert.equal(permissionsOf("print-config"), undefined);
});

Deno.test("permissionsFor() allows only the Redis server, the own listeners and systemd", () => {
  const permissions = permissionsOf(
    "--use_camera",
    "--redis_host=cloud",
    "--redis_allow_plaintext",
    "--port=50052",
    "--http_port=80",
  );
  assert.deepEqual(permissions?.net, [
    "cloud:6379",
    "127.0.0.1:50052",
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
    assert.deepEqual(permissionsOf(...argv)?.run, [assetPath("sandbox")]);
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
    "/etc/machine-id",
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

Deno.test("permissionsFor() allows the commands of a laboratory and of root to open any file", () => {
  for (const command of ["validate", "install", "uninstall"]) {
    const { read, write } = permissionsOf(command)!;
    assert.deepEqual([read, write], [true, true], command);
  }
  assert.deepEqual(permissionsOf("install")?.run, ["systemctl", "useradd", "userdel"]);
});

Deno.test("permissionsFor() allows record its Redis, its output and its secrets, and no native code", () => {
  const flags = ["--redis_host=cloud", "--redis_password_file=/pw", "--redis_tls_ca_path=/ca.pem"];
  assert.deepEqual(permissionsOf("record", "--output_dir=/out", "--redis_tls", ...flags), {
    read: ["/pw", "/ca.pem", "/out"],
    write: ["/out"],
    net: ["cloud:6379"],
    run: [],
    ffi: false,
  });
});

Deno.test("permissionsFor() allows the dashboard its Redis, its port and its token, and nothing else", () => {
  assert.deepEqual(
    permissionsOf(
      "dashboard",
      "--redis_host=cloud",
      "--redis_allow_plaintext",
      "--port=90",
      "--token_file=/token",
    ),
    { read: ["/token"], write: [], net: ["cloud:6379", "127.0.0.1:90"], run: [], ffi: false },
  );
});

Deno.test("permissionsFor() allows native code only to commands that use it", () => {
  const commands = Object.keys(COMMANDS) as CommandName[];
  const { settings } = load(["--simulate"], { env: {}, readText: () => "" });
  assert.deepEqual(
    commands.filter((command) => permissionsFor(command, settings, { assets: "/a", env: {} })?.ffi),
    ["serve", "up", "devices", "simulate", "validate", "check-camera", "check-config"],
  );
});

Deno.test("permissionsFor() allows writing only the files that a command names", () => {
  assert.deepEqual(permissionsOf("save-default-config")?.write, ["."]);
  assert.deepEqual(permissionsOf("simulate", "--output=/v.avi", "--truth=/t.csv")?.write, [
    "/v.avi",
    "/t.csv",
  ]);
  const { read, write, ffi } = permissionsOf("devices")!;
  assert.deepEqual([read, write, ffi], [["/a"], [], true]);
  const suggest = permissionsOf("devices", "--suggest")!;
  assert.deepEqual([suggest.read, suggest.write], [["/a", "/etc/systemd/system"], []]);
  assert.ok(permissionsOf("record", "--log_path=/l.log")!.write !== true);
});

Deno.test("permissionsFor() allows notifications only with both sockets", () => {
  const { command, settings } = load(["--use_camera", "--port=0"], {
    env: {},
    readText: () => "",
  });
  const netWith = (env: Record<string, string>) =>
    permissionsFor(command, settings, { assets: "/a", env })!.net;
  const [to, from] = [{ NOTIFY_SOCKET: "/to" }, { PHYSIOLOGY_NOTIFY: "/from" }];
  assert.deepEqual(netWith({ ...to, ...from }), ["localhost:6379", "unix:/to", "unix:/from"]);
  for (const env of [{}, to, from]) assert.deepEqual(netWith(env), ["localhost:6379"]);
});

Deno.test("permissionsFor() allows reading the credentials of systemd", () => {
  const { command, settings } = load(["--use_camera"], { env: {}, readText: () => "" });
  const env = { CREDENTIALS_DIRECTORY: "/run/credentials/p" };
  const { read } = permissionsFor(command, settings, { assets: "/a", env })!;
  assert.deepEqual(read, ["/a", "/run/credentials/p"]);
});

Deno.test("programContext() has the folder of the unpacked program, or of the source tree", () => {
  withEnvironment({ PHYSIOLOGY_ASSETS: "/unpacked" }, () => {
    assert.equal(programContext().assets, "/unpacked");
    assert.equal(programContext().env["PHYSIOLOGY_ASSETS"], "/unpacked");
  });
  withEnvironment({ PHYSIOLOGY_ASSETS: undefined }, () => {
    const root = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
    assert.equal(programContext().assets, root);
  });
});

Deno.test("permissionsFor() allows the broker and the files of MQTT only with --mqtt_url", () => {
  const flags = ["--simulate", "--streaming_backend=grpc"];
  const without = permissionsOf("serve", ...flags)!;
  const granted = permissionsOf(
    "serve",
    ...flags,
    ...["--mqtt_url=mqtts://[::1]", "--mqtt_password_file=/pw", "--mqtt_tls_ca_path=/ca.pem"],
  )!;
  const added = (kind: "read" | "net") =>
    (granted[kind] as readonly string[]).filter((item) =>
      !(without[kind] as readonly string[]).includes(item)
    );
  assert.deepEqual(added("read").toSorted(), ["/ca.pem", "/pw"]);
  assert.deepEqual(added("net"), ["[::1]:8883"]);
  assert.deepEqual(granted.write, without.write);
});

Deno.test("permissionsFor() allows alert only the hosts and programs that its rules name", () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(
      path,
      `{"rules": [{"name": "a", "condition": "apnea"}], "notify": [
        {"kind": "webhook", "url": "https://a.example/", "secret_file": "/secret"},
        {"kind": "command", "program": "/usr/bin/pager"}]}`,
    );
    const redis = ["--redis_host=r", "--redis_allow_plaintext"];
    assert.deepEqual(permissionsOf("alert", `--rules=${path}`, "--alert_journal=/j", ...redis), {
      read: [path, "/secret", "/j"],
      write: ["/j"],
      net: ["r:6379", "a.example:443"],
      run: ["/usr/bin/pager"],
      ffi: false,
    });
  } finally {
    Deno.removeSync(path);
  }
});
