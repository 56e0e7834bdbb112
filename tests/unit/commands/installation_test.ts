import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/errors.ts";
import { run as install } from "../../../src/commands/install.ts";
import { run as uninstall } from "../../../src/commands/uninstall.ts";
import { PACKAGE_PATHS } from "../../../src/installation/paths.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { commandContext } from "../../support/command_context.ts";
import { withEnvironment } from "../../support/environment.ts";

const UNIT = "/etc/systemd/system/physiology_server.service";

/** Runs a command as the packed program in an image at `folder`, never on the running system. */
async function runIn(folder: TemporaryFolder, run: typeof install, ...argv: string[]) {
  const context = commandContext([...argv, `--root=${folder.path}`]);
  const env = { PHYSIOLOGY_EXECUTABLE: "/bin/true", PHYSIOLOGY_ASSETS: undefined };
  const status = await withEnvironment(env, () => run(context));
  return { status, printed: context.printed };
}

const exists = (path: string) => {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
};

Deno.test("install writes a service with its flags into an image, and uninstall removes it", async () => {
  using folder = new TemporaryFolder();
  const { status, printed } = await runIn(folder, install, "install", "--simulate", "--loop");
  assert.deepEqual([status, printed.length], [0, 1]);
  assert.match(printed[0]!, /^Installed physiology_server\.service\. Status: systemctl status/);
  const unit = Deno.readTextFileSync(folder.path + UNIT);
  assert.match(unit, /^ExecStart=\/usr\/local\/bin\/physiology_server --loop --simulate /m);
  assert.match(unit, /^\[Unit\]$/m);
  const again = await runIn(folder, install, "install");
  assert.equal(again.status, 0);
  assert.equal(Deno.readTextFileSync(folder.path + UNIT), unit, "the installed values are kept");
  const removed = await runIn(folder, uninstall, "uninstall");
  assert.equal(removed.status, 0);
  assert.match(
    removed.printed.join(),
    /^Removed \/etc\/systemd\/system\/physiology_server\.service, /,
  );
  assert.equal(exists(folder.path + UNIT), false);
  const nothing = await runIn(folder, uninstall, "uninstall");
  assert.deepEqual(nothing, { status: 0, printed: ["Nothing was installed"] });
});

Deno.test("install adds a camera unless the flags select an input, and the folders that serve writes", async () => {
  using folder = new TemporaryFolder();
  await runIn(folder, install, "install", "--spool_path=/data/spool");
  const unit = Deno.readTextFileSync(folder.path + UNIT);
  assert.match(unit, /^ExecStart=.* --use_camera /m);
  assert.match(unit, /^ReadWritePaths=-\/data\/spool$/m);
});

Deno.test("install stores secrets as the systemd of the image reads them", async () => {
  for (
    const [version, line] of [[245, /^EnvironmentFile=/m], [252, /^LoadCredential=/m]] as const
  ) {
    using folder = new TemporaryFolder();
    Deno.mkdirSync(folder.file("usr/lib/systemd"), { recursive: true });
    Deno.writeTextFileSync(folder.file(`usr/lib/systemd/libsystemd-shared-${version}.so`), "");
    await runIn(folder, install, "install", "--redis_password=hunter2");
    assert.match(Deno.readTextFileSync(folder.path + UNIT), line);
  }
});

Deno.test("uninstall names the only file that was there", async () => {
  using folder = new TemporaryFolder();
  Deno.mkdirSync(`${folder.path}/etc/systemd/system`, { recursive: true });
  Deno.writeTextFileSync(folder.path + UNIT, "");
  const { printed } = await runIn(folder, uninstall, "uninstall");
  assert.deepEqual(printed, [`Removed ${UNIT}`]);
});

Deno.test("install --dry_run and uninstall --dry_run print their steps, and change nothing", async () => {
  using folder = new TemporaryFolder();
  const planned = await runIn(folder, install, "install", "--dry_run");
  assert.equal(planned.status, 0);
  assert.equal(
    planned.printed[0],
    `# Unpack /bin/true to ${folder.path}/usr/local/lib/physiology_server`,
  );
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  await runIn(folder, install, "install");
  const removal = await runIn(folder, uninstall, "uninstall", "--dry_run");
  assert.equal(removal.status, 0);
  assert.equal(removal.printed[0], `# Remove ${folder.path}${UNIT}`);
  assert.equal(exists(folder.path + UNIT), true);
});

Deno.test("install from source changes nothing", async () => {
  using folder = new TemporaryFolder();
  const context = commandContext(["install", `--root=${folder.path}`]);
  await withEnvironment({ PHYSIOLOGY_EXECUTABLE: undefined }, async () => {
    await assert.rejects(install(context), UsageError);
  });
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("install --instance writes an instance, of which uninstall --instance removes only that one", async () => {
  using folder = new TemporaryFolder();
  const dropIn = (name: string) => `/etc/systemd/system/physiology_server@${name}.service.d`;
  const { printed } = await runIn(folder, install, "install", "--instance=bed1", "--simulate");
  assert.equal(
    printed[0],
    "Installed physiology_server@bed1.service. Status: systemctl status physiology_server@bed1. " +
      "Log: journalctl -u physiology_server@bed1. " +
      "Remove it with: physiology_server uninstall --instance=bed1",
  );
  await runIn(folder, install, "install", "--instance=bed2");
  const text = (path: string) => Deno.readTextFileSync(folder.path + path);
  assert.match(text(`${dropIn("bed1")}/install.conf`), /--simulate .*--port=50061/);
  assert.match(text(`${dropIn("bed2")}/install.conf`), /--use_camera .*--port=50062/);
  assert.match(
    text("/etc/systemd/system/physiology_server@.service"),
    /^StateDirectory=physiology_server@%i$/m,
  );
  assert.equal(exists(folder.path + UNIT), false);
  const removed = await runIn(folder, uninstall, "uninstall", "--instance=bed1");
  assert.deepEqual(removed.printed.slice(1), [
    "Kept the program, which is used by physiology_server@bed2",
  ]);
  assert.equal(exists(folder.path + dropIn("bed1")), false);
  assert.equal(exists(folder.path + dropIn("bed2")), true);
  const last = await runIn(folder, uninstall, "uninstall", "--instance=bed2");
  assert.match(last.printed.join(), /physiology_server@\.service, /);
  assert.deepEqual([...Deno.readDirSync(`${folder.path}/usr/local/bin`)], []);
});

Deno.test("install and uninstall refuse to change the service of the Debian package", async () => {
  using folder = new TemporaryFolder();
  const unit = folder.path + PACKAGE_PATHS.unit;
  Deno.mkdirSync(unit.slice(0, unit.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(unit, "");
  for (const [run, name] of [[install, "install"], [uninstall, "uninstall"]] as const) {
    await assert.rejects(runIn(folder, run, name), UsageError);
  }
  assert.equal(exists(folder.path + UNIT), false);
  assert.equal(Deno.readTextFileSync(unit), "");
});
