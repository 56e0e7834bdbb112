import assert from "node:assert/strict";
import { describeUninstall, uninstall } from "../../../src/installation/uninstall.ts";
import { fakeHost } from "../../support/fake_host.ts";

const UNIT = "/etc/systemd/system/physiology_server.service";
const WANTS = "/etc/systemd/system/multi-user.target.wants/physiology_server.service";
const FILES = [UNIT, "/etc/physiology_server", "/usr/local/bin/physiology_server"];
const STATE = "/var/lib/physiology_server";

Deno.test("uninstall() stops the service, removes its files, and has systemd remove its state", async () => {
  const host = fakeHost({ present: [UNIT, WANTS, STATE] });
  assert.deepEqual(await uninstall(host), [UNIT]);
  assert.deepEqual(host.steps, [
    "systemctl disable --now physiology_server.service, or not",
    "systemctl clean --what=all physiology_server.service, or not",
    ...FILES.map((path) => `remove ${path}`),
    "systemctl daemon-reload, or not",
    "systemctl reset-failed physiology_server.service, or not",
    "remove the unpacked program",
  ]);
});

Deno.test("uninstall() removes also the link and the state from an image, or without systemd", async () => {
  for (const parts of [{ root: "/mnt" }, { usesSystemd: false }]) {
    const host = fakeHost({ ...parts, present: [STATE] });
    assert.deepEqual(await uninstall(host), [STATE]);
    assert.deepEqual(host.steps, [
      ...[...FILES, WANTS, STATE].map((path) => `remove ${path}`),
      "remove the unpacked program",
    ]);
  }
});

Deno.test("describeUninstall() lists the steps of uninstall()", () => {
  const host = fakeHost();
  assert.deepEqual(describeUninstall(host), [
    "# Run systemctl disable --now physiology_server.service",
    "# Run systemctl clean --what=all physiology_server.service",
    ...FILES.map((path) => `# Remove ${path}`),
    "# Run systemctl daemon-reload",
    "# Run systemctl reset-failed physiology_server.service",
  ]);
  assert.deepEqual(host.steps, []);
  assert.deepEqual(
    describeUninstall(fakeHost({ root: "/mnt" })),
    [...FILES, WANTS, STATE].map((path) => `# Remove /mnt${path}`),
  );
});
