import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { permissionsFor } from "../../../../src/app/permissions.ts";
import { upPermissions } from "../../../../src/app/up/permissions.ts";
import { permissionFlags } from "../../../../src/config/permissions.ts";

const program = { assets: "/a", env: { HOME: "/home/u" } };
const settingsOf = (...flags: string[]) =>
  load(["up", ...flags], { env: {}, readText: () => "" }).settings;

Deno.test("upPermissions() allows the state folder, ports of loopback, and the sandbox", () => {
  const { write, net, run } = upPermissions(settingsOf(), program);
  assert.deepEqual(write, ["/home/u/.local/state/physiology_server"]);
  assert.deepEqual(net, ["127.0.0.1", "127.0.0.1"]);
  assert.match(run?.join() ?? "", /^[^,]*sandbox$/);
  const open = upPermissions(
    settingsOf("--http_address=0.0.0.0", "--http_allow_plaintext"),
    { assets: "/a", env: {} },
  );
  assert.deepEqual([open.write, open.net], [[], ["127.0.0.1", "0.0.0.0"]]);
});

Deno.test("permissionsFor() lets only up list the addresses of the machine", () => {
  const { settings } = load(["--simulate"], { env: {}, readText: () => "" });
  const flagsOf = (command: "up" | "serve") =>
    permissionFlags(permissionsFor(command, settings, program)!).find((flag) => /sys/.test(flag));
  assert.equal(flagsOf("up"), "--allow-sys=umask,networkInterfaces");
  assert.equal(flagsOf("serve"), "--allow-sys=umask");
});
