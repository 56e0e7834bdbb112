import assert from "node:assert/strict";
import { UnavailableError, UsageError } from "../../../src/base/errors.ts";
import { describeInstall, install } from "../../../src/installation/install.ts";
import { PATHS, serviceOf } from "../../../src/installation/paths.ts";
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
  assert.deepEqual(host.steps.slice(-2), [
    "enable /etc/systemd/system/multi-user.target.wants/physiology_server.service",
    "remove the unpacked program",
  ]);
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
    "make the folder /var/lib/physiology_server",
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

const BED2 = serviceOf("bed2");
const INSTANCE_PLAN: ServicePlan = {
  files: [
    { path: PATHS.instanceUnit, mode: 0o644, text: "[Unit]\n", secret: false },
    { path: BED2.unit, mode: 0o644, text: "[Service]\n", secret: false },
  ],
  stale: [],
  cron: "@reboot run",
};

Deno.test("install() of an instance starts that instance alone", async () => {
  const host = fakeHost();
  await install(INSTANCE_PLAN, { host, program, service: BED2 });
  assert.deepEqual(host.steps.slice(2), [
    `write ${PATHS.instanceUnit} 0644`,
    `write ${BED2.unit} 0644`,
    "systemctl daemon-reload",
    "systemctl enable physiology_server@bed2.service",
    "systemctl restart physiology_server@bed2.service",
    "remove the unpacked program",
  ]);
  const image = fakeHost({ root: "/mnt" });
  await install(INSTANCE_PLAN, { host: image, program, service: BED2 });
  assert.equal(image.steps.at(-2), `enable ${BED2.wants.link}`);
  assert(
    describeInstall(INSTANCE_PLAN, { host: image, program, service: BED2 })
      .includes(`# Link /mnt${BED2.wants.link}`),
  );
});

Deno.test("install() of an instance without systemd writes its drop-in, which has its port", async () => {
  const host = fakeHost({ usesSystemd: false });
  await assert.rejects(install(INSTANCE_PLAN, { host, program, service: BED2 }), UnavailableError);
  assert.deepEqual(host.steps.slice(3), [
    `write ${BED2.unit} 0644`,
    "make the folder /var/lib/physiology_server@bed2",
  ]);
});
