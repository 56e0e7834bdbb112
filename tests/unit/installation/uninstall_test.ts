import assert from "node:assert/strict";
import { FLAGS } from "../../../src/app/flags.ts";
import { hostAt } from "../../../src/installation/host.ts";
import { serviceOf } from "../../../src/installation/paths.ts";
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
  assert.deepEqual(await uninstall({ host, files: INSTALLED }), {
    removed: [UNIT],
    kept: [],
    users: [],
  });
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
    assert.deepEqual(await uninstall({ host, files: INSTALLED }), {
      removed: [STATE],
      kept: [],
      users: [],
    });
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
  assert.deepEqual(describeUninstall({ host, files: INSTALLED }), [
    "# Run systemctl disable --now physiology_server.service",
    "# Run systemctl clean --what=all physiology_server.service",
    ...FILES.map((path) => `# Remove ${path}`),
    `# Remove ${CONFIG} if it is empty`,
    "# Run systemctl daemon-reload",
    "# Run systemctl reset-failed physiology_server.service",
  ]);
  assert.deepEqual(host.steps, []);
  assert.deepEqual(
    describeUninstall({ host: fakeHost({ root: "/mnt" }), files: INSTALLED }),
    [...FILES, WANTS, STATE, `${CONFIG} if it is empty`].map((path) => `# Remove /mnt${path}`),
  );
});

Deno.test("uninstall() keeps files of the user beside those that install has written", async () => {
  using image = temporaryFolder();
  const host = hostAt(image.path);
  const files = [...INSTALLED, `${CONFIG}/ca.pem`];
  for (const path of files) host.writeFile({ path, mode: 0o600, text: "x", secret: false });
  assert.deepEqual(await uninstall({ host, files: installedFiles(FLAGS) }), {
    removed: INSTALLED,
    kept: [CONFIG],
    users: [],
  });
  assert.deepEqual([...Deno.readDirSync(image.path + CONFIG)].map(({ name }) => name), ["ca.pem"]);
  Deno.removeSync(`${image.path}${CONFIG}/ca.pem`);
  assert.deepEqual(await uninstall({ host, files: INSTALLED }), {
    removed: [CONFIG],
    kept: [],
    users: [],
  });
});

const PROGRAM = ["/usr/local/bin/physiology_server", "/usr/local/lib/physiology_server"];
const INSTANCE_UNIT = "/etc/systemd/system/physiology_server@.service";
const BED2 = serviceOf("bed2");
/** A system with these services. */
const hostWith = (
  services: readonly (string | undefined)[],
  parts: Parameters<typeof fakeHost>[0] = {},
) =>
  fakeHost({
    ...parts,
    texts: Object.fromEntries(services.map((name) => [serviceOf(name).unit, "ExecStart=/p\n"])),
  });
const removedBy = (steps: readonly string[]) =>
  steps.filter((step) => /^remove \/\S+$/.test(step)).map((step) => step.slice("remove ".length));

Deno.test("uninstall() of one of several instances removes only what belongs to it", async () => {
  const host = hostWith([undefined, "bed1", "bed2"]);
  const { users } = await uninstall({ host, service: BED2, files: [BED2.redisConfig] });
  assert.deepEqual(users.map(({ id }) => id), ["physiology_server", "physiology_server@bed1"]);
  assert.deepEqual(host.steps, [
    "systemctl disable --now physiology_server@bed2.service, or not",
    "systemctl clean --what=all physiology_server@bed2.service, or not",
    "remove /etc/systemd/system/physiology_server@bed2.service.d/install.conf",
    "remove /etc/physiology_server@bed2/redis.json",
    "remove /etc/systemd/system/physiology_server@bed2.service.d if it is empty",
    "remove /etc/physiology_server@bed2 if it is empty",
    "systemctl daemon-reload, or not",
    "systemctl reset-failed physiology_server@bed2.service, or not",
    "remove the unpacked program",
  ]);
});

Deno.test("uninstall() removes the unit of all instances with the last, and the program with the last service", async () => {
  for (
    const { services, service, removed } of [
      { services: ["bed2"], service: BED2, removed: [BED2.unit, INSTANCE_UNIT, ...PROGRAM] },
      { services: [undefined, "bed2"], service: BED2, removed: [BED2.unit, INSTANCE_UNIT] },
      { services: ["bed1", "bed2"], service: BED2, removed: [BED2.unit] },
      { services: [undefined, "bed2"], service: serviceOf(), removed: [UNIT] },
      { services: [undefined], service: serviceOf(), removed: [UNIT, ...PROGRAM] },
    ]
  ) {
    const host = hostWith(services);
    await uninstall({ host, service, files: [] });
    assert.deepEqual(removedBy(host.steps), removed);
  }
});

Deno.test("uninstall() of an instance without systemd keeps the account until the last service", async () => {
  const { stateFolder } = BED2;
  for (
    const { services, present, isLast } of [
      { services: ["bed2"], present: [], isLast: true },
      { services: ["bed1", "bed2"], present: [], isLast: false },
      { services: ["bed2"], present: [STATE], isLast: false },
    ]
  ) {
    const host = hostWith(services, { usesSystemd: false, present });
    const options = { host, service: BED2, files: [] };
    const account = "# Remove the account physiology_server";
    assert.equal(describeUninstall(options).includes(account), isLast);
    await uninstall(options);
    assert.equal(host.steps.includes("remove the account"), isLast);
    assert.equal(removedBy(host.steps).includes(PROGRAM[0]!), isLast);
    assert(removedBy(host.steps).includes(stateFolder));
  }
});

Deno.test("describeUninstall() lists the steps of uninstall() for an instance", () => {
  const host = hostWith(["bed2"], { root: "/mnt" });
  assert.deepEqual(describeUninstall({ host, service: BED2, files: [] }), [
    `# Remove /mnt${BED2.unit}`,
    `# Remove /mnt${INSTANCE_UNIT}`,
    ...PROGRAM.map((path) => `# Remove /mnt${path}`),
    `# Remove /mnt${BED2.wants.link}`,
    `# Remove /mnt${BED2.stateFolder}`,
    "# Remove /mnt/etc/systemd/system/physiology_server@bed2.service.d if it is empty",
    "# Remove /mnt/etc/physiology_server@bed2 if it is empty",
  ]);
});
