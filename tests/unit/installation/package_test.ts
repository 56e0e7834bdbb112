import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/errors.ts";
import { packageUnit, rejectPackage } from "../../../src/installation/package.ts";

const TEMPLATE = Deno.readTextFileSync(
  new URL("../../../config/physiology_server.service", import.meta.url),
);
const UNIT = packageUnit(TEMPLATE, { devices: ["char-media"] });

Deno.test("packageUnit() runs the program of the package with the flags of a file", () => {
  const directives = UNIT.match(/^(Exec|Environment).*$/gm);
  assert.deepEqual(directives, [
    "ExecStartPre=+/usr/bin/physiology_server --unpack_to=/usr/lib/physiology_server",
    "ExecStart=/usr/bin/physiology_server --spool_path=spool --state_path=. " +
    "--redis_config_path=/etc/physiology_server/redis.json $ARGS",
    'ExecReload=/bin/sh -c "kill -HUP $MAINPID"',
    "Environment=ARGS=--use_camera",
    "EnvironmentFile=-/etc/default/physiology_server",
    "EnvironmentFile=-/etc/physiology_server/secrets",
    "ExecPaths=/usr -/bin -/lib -/lib64",
  ]);
  assert.doesNotMatch(UNIT, /\/usr\/local/);
  assert.match(UNIT, /^# Of the package physiology-server\./);
});

Deno.test("packageUnit() differs from the template in these lines only", () => {
  const lines = (text: string) => text.split("\n").filter((line) => /^[A-Z]\w*=/.test(line));
  const template = lines(TEMPLATE);
  const added = lines(UNIT).filter((line) => !template.includes(line))
    .map((line) => line.split("=")[0]);
  assert.deepEqual(added, [
    "ExecStartPre",
    "ExecStart",
    "Environment",
    "EnvironmentFile",
    "EnvironmentFile",
    "DeviceAllow",
    "IPAddressAllow",
  ]);
  const removed = template.filter((line) => !lines(UNIT).includes(line));
  assert.ok(removed.every((line) => line.startsWith("ExecStart")), removed.join());
});

Deno.test("packageUnit() allows the given devices and all addresses", () => {
  assert.match(UNIT, /^DeviceAllow=char-media rw$/m);
  assert.match(UNIT, /^IPAddressAllow=any$/m);
});

Deno.test("rejectPackage() throws only if the Debian package is installed", () => {
  rejectPackage({ hasPackage: false, root: "" });
  assert.throws(
    () => rejectPackage({ hasPackage: true, root: "/mnt" }),
    (error) =>
      error instanceof UsageError &&
      /set its flags in \/mnt\/etc\/default\/physiology_server and \/mnt\/etc\/phys/.test(
        error.message,
      ),
  );
});
