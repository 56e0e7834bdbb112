import assert from "node:assert/strict";
import { UnavailableError, UsageError } from "../../../src/base/errors.ts";
import { describeInstall, install } from "../../../src/installation/install.ts";
import type { ServicePlan } from "../../../src/installation/plan.ts";
import { fakeHost } from "../../support/fake_host.ts";

const UNIT = "/etc/systemd/system/physiology_server.service";
const PLAN: ServicePlan = {
  files: [
    { path: "/etc/p/secret", mode: 0o600, text: "hunter2\n", secret: true },
    { path: UNIT, mode: 0o644, text: "[Unit]\n", secret: false },
  ],
  stale: ["/etc/p/old"],
  cron: "@reboot run",
};
const program = "/tmp/program";

Deno.test("install() writes everything before it starts the service", async () => {
  const host = fakeHost();
  await install(PLAN, { host, program });
  assert.deepEqual(host.steps, [
    "unpack /tmp/program",
    "copy /tmp/program",
    "write /etc/p/secret 0600",
    `write ${UNIT} 0644`,
    "remove /etc/p/old",
    "systemctl daemon-reload",
    "systemctl enable physiology_server.service",
    "systemctl restart physiology_server.service",
    "remove the unpacked program",
  ]);
});

Deno.test("install() enables the unit of an image, and starts nothing", async () => {
  const host = fakeHost({ root: "/mnt" });
  await install(PLAN, { host, program });
  assert.deepEqual(host.steps.slice(-2), ["enable the unit", "remove the unpacked program"]);
  assert.ok(!host.steps.some((step) => step.startsWith("systemctl")));
});

Deno.test("install() without systemd writes no unit, and throws with the line for crontab", async () => {
  const host = fakeHost({ usesSystemd: false });
  await assert.rejects(
    install(PLAN, { host, program }),
    (error) => error instanceof UnavailableError && error.message.endsWith("root: @reboot run"),
  );
  assert.deepEqual(host.steps, [
    "add the account",
    "unpack /tmp/program",
    "copy /tmp/program",
    "write /etc/p/secret 0600",
    "remove /etc/p/old",
    "make the state folder",
  ]);
});

Deno.test("install() changes nothing if the program runs from source", async () => {
  const host = fakeHost();
  await assert.rejects(install(PLAN, { host, program: undefined }), UsageError);
  assert.deepEqual(host.steps, []);
});

Deno.test("describeInstall() lists the steps of install(), without secrets", () => {
  const host = fakeHost();
  assert.deepEqual(describeInstall(PLAN, { host, program }), [
    "# Unpack /tmp/program to /usr/local/lib/physiology_server",
    "# Copy /tmp/program to /usr/local/bin/physiology_server",
    "# Write /etc/p/secret, mode 0600\n***\n",
    `# Write ${UNIT}, mode 0644\n[Unit]\n`,
    "# Run systemctl daemon-reload",
    "# Run systemctl enable physiology_server.service",
    "# Run systemctl restart physiology_server.service",
  ]);
  assert.deepEqual(host.steps, []);
});

Deno.test("describeInstall() names the link in an image, or the line for crontab without systemd", () => {
  const image = describeInstall(PLAN, { host: fakeHost({ root: "/mnt" }), program: undefined });
  assert.deepEqual(image.filter((line) => !line.startsWith("# Write")), [
    "# Unpack the packed program to /mnt/usr/local/lib/physiology_server",
    "# Copy the packed program to /mnt/usr/local/bin/physiology_server",
    "# Link /mnt/etc/systemd/system/multi-user.target.wants/physiology_server.service",
  ]);
  assert.match(image[2]!, /^# Write \/mnt\/etc\/p\/secret/);
  const host = fakeHost({ usesSystemd: false });
  assert.match(
    describeInstall(PLAN, { host, program }).at(-1)!,
    /^# systemd is not running here: add this line with crontab -e as root: @reboot run$/,
  );
});
