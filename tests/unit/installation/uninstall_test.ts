import assert from "node:assert/strict";
import { FLAGS } from "../../../src/app/flags.ts";
import { hostAt } from "../../../src/installation/host.ts";
import { installedFiles } from "../../../src/installation/plan.ts";
import { describeUninstall, uninstall } from "../../../src/installation/uninstall.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { fakeHost } from "../../support/fake_host.ts";

const UNIT = "/etc/systemd/system/physiology_server.service";
const WANTS = "/etc/systemd/system/multi-user.target.wants/physiology_server.service";
const CONFIG = "/etc/physiology_server";
const INSTALLED = [`${CONFIG}/redis.json`, `${CONFIG}/redis_password`];
const FILES = [
  UNIT,
  ...INSTALLED,
  "/usr/local/bin/physiology_server",
  "/usr/local/lib/physiology_server",
];
const STATE = "/var/lib/physiology_server";

Deno.test("uninstall() stops the service, removes its files, and has systemd remove its state", async () => {
  const host = fakeHost({ present: [UNIT, WANTS, STATE] });
  assert.deepEqual(await uninstall(host, INSTALLED), { removed: [UNIT], kept: [] });
  assert.deepEqual(host.steps, [
    "systemctl disable --now physiology_server.service, or not",
    "systemctl clean --what=all physiology_server.service, or not",
    ...FILES.map((path) => `remove ${path}`),
    `remove ${CONFIG} if it is empty`,
    "systemctl daemon-reload, or not",
    "systemctl reset-failed physiology_server.service, or not",
    "remove the unpacked program",
  ]);
});

Deno.test("uninstall() removes also the link and the state from an image, or without systemd", async () => {
  for (const parts of [{ root: "/mnt" }, { usesSystemd: false }]) {
    const host = fakeHost({ ...parts, present: [STATE] });
    assert.deepEqual(await uninstall(host, INSTALLED), { removed: [STATE], kept: [] });
    assert.deepEqual(host.steps, [
      ...[...FILES, WANTS, STATE].map((path) => `remove ${path}`),
      `remove ${CONFIG} if it is empty`,
      ...host.usesSystemd ? [] : ["remove the account"],
      "remove the unpacked program",
    ]);
  }
});

Deno.test("describeUninstall() lists the steps of uninstall()", () => {
  const host = fakeHost();
  assert.deepEqual(describeUninstall(host, INSTALLED), [
    "# Run systemctl disable --now physiology_server.service",
    "# Run systemctl clean --what=all physiology_server.service",
    ...FILES.map((path) => `# Remove ${path}`),
    `# Remove ${CONFIG} if it is empty`,
    "# Run systemctl daemon-reload",
    "# Run systemctl reset-failed physiology_server.service",
  ]);
  assert.deepEqual(host.steps, []);
  assert.deepEqual(
    describeUninstall(fakeHost({ root: "/mnt" }), INSTALLED),
    [...FILES, WANTS, STATE, `${CONFIG} if it is empty`].map((path) => `# Remove /mnt${path}`),
  );
});

Deno.test("uninstall() keeps files of the user beside those that install has written", async () => {
  using image = temporaryFolder();
  const host = hostAt(image.path);
  const files = [...INSTALLED, `${CONFIG}/ca.pem`];
  for (const path of files) host.writeFile({ path, mode: 0o600, text: "x", secret: false });
  assert.deepEqual(await uninstall(host, installedFiles(FLAGS)), {
    removed: INSTALLED,
    kept: [CONFIG],
  });
  assert.deepEqual([...Deno.readDirSync(image.path + CONFIG)].map(({ name }) => name), ["ca.pem"]);
  Deno.removeSync(`${image.path}${CONFIG}/ca.pem`);
  assert.deepEqual(await uninstall(host, INSTALLED), { removed: [CONFIG], kept: [] });
});
