import assert from "node:assert/strict";
import { UnavailableError } from "../../../src/base/errors.ts";
import { hostAt } from "../../../src/installation/host.ts";
import { serviceOf } from "../../../src/installation/paths.ts";
import {
  copyProgram,
  enableInImage,
  hasSystemd,
  makeFolder,
  readFile,
  remove,
  removeUnpackedProgram,
  systemctl,
  systemdVersion,
  writeFile,
} from "../../../src/installation/system.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { withEnvironment } from "../../support/environment.ts";
import { replaced } from "../../support/replace.ts";
import { writeProgram } from "../../support/programs.ts";

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const modeOf = (path: string) => Deno.statSync(path).mode! & 0o777;

/** An empty root file system. */
function emptyRoot(): TemporaryFolder & { readonly root: string } {
  const folder = new TemporaryFolder();
  return Object.assign(folder, { root: folder.path });
}

Deno.test("writeFile() creates the folders, and replaces a file and its mode", () => {
  using system = emptyRoot();
  const path = "/etc/p/file";
  const umask = Deno.umask(0o077);
  using _umask = { [Symbol.dispose]: () => void Deno.umask(umask) };
  for (const [mode, text] of [[0o644, "one"], [0o600, "two"], [0o666, "three"]] as const) {
    writeFile(system, { path, mode, text });
    assert.deepEqual([readFile(system, path), modeOf(system.root + path)], [text, mode]);
  }
  assert.deepEqual(namesIn(`${system.root}/etc/p`), ["file"]);
});

Deno.test("writeFile() keeps the old file for those who have it open", () => {
  using system = emptyRoot();
  writeFile(system, { path: "/file", mode: 0o644, text: "old" });
  using open = Deno.openSync(`${system.root}/file`);
  writeFile(system, { path: "/file", mode: 0o644, text: "new" });
  const bytes = new Uint8Array(10);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, open.readSync(bytes) ?? 0)), "old");
});

Deno.test("readFile() returns undefined for a file that cannot be read", () => {
  using system = emptyRoot();
  assert.equal(readFile(system, "/no/such"), undefined);
});

Deno.test("writeFile() and remove() name the path and the reason of a failure", () => {
  using system = emptyRoot();
  writeFile(system, { path: "/file", mode: 0o644, text: "" });
  const isError = (message: RegExp) => (error: unknown) =>
    error instanceof UnavailableError && message.test(error.message);
  const write = () => writeFile(system, { path: "/file/below", mode: 0o644, text: "" });
  assert.throws(write, isError(/^Cannot write \/.*\/file\/below: (?!.*root$)/));
  const removal = () => remove(system, "/file/below");
  assert.throws(removal, isError(/^Cannot remove \/.*\/file\/below: (?!.*root$)/));
  const denied = () => {
    throw new Deno.errors.PermissionDenied("denied");
  };
  using _mkdir = replaced(Deno, "mkdirSync", denied);
  using _remove = replaced(Deno, "removeSync", denied);
  assert.throws(write, isError(/: permission denied: run it as root$/));
  assert.throws(removal, isError(/: permission denied: run it as root$/));
  _remove[Symbol.dispose]();
});

Deno.test("writeFile() and copyProgram() leave nothing beside the old file if they fail", () => {
  using system = emptyRoot();
  const file = { path: "/etc/file", mode: 0o644 };
  writeFile(system, { ...file, text: "old" });
  const names = () => [...Deno.readDirSync(`${system.root}/etc`)].map(({ name }) => name);
  {
    // As on a full disk: a part of the new file is written before the failure.
    using _chmod = replaced(Deno, "chmodSync", () => {
      throw new Error("No space left on device (os error 28)");
    });
    const error = /^UnavailableError: Cannot write .*\/etc\/file: No space left on device/;
    assert.throws(() => writeFile(system, { ...file, text: "new" }), error);
    const program = new URL(import.meta.url).pathname;
    assert.throws(() => copyProgram(system, { from: program, to: "/etc/file" }), error);
  }
  assert.deepEqual([names(), readFile(system, "/etc/file")], [["file"], "old"]);
  Deno.writeTextFileSync(`${system.root}/etc/file.new`, "left by an interrupted run");
  writeFile(system, { ...file, text: "new" });
  assert.deepEqual([names(), readFile(system, "/etc/file")], [["file"], "new"]);
});

Deno.test("remove() removes a file or a folder with its content, and returns whether there was one", () => {
  using system = emptyRoot();
  writeFile(system, { path: "/a/b/c", mode: 0o644, text: "" });
  assert.equal(remove(system, "/a"), true);
  assert.deepEqual(namesIn(system.root), []);
  assert.equal(remove(system, "/a"), false);
});

Deno.test("copyProgram() replaces the program, which everyone may run", () => {
  using system = emptyRoot();
  const from = system.file("download");
  Deno.writeTextFileSync(from, "new", { mode: 0o600 });
  writeFile(system, { path: "/bin/p", mode: 0o644, text: "old" });
  copyProgram(system, { from, to: "/bin/p" });
  assert.deepEqual([readFile(system, "/bin/p"), modeOf(`${system.root}/bin/p`)], ["new", 0o755]);
  assert.deepEqual(namesIn(`${system.root}/bin`), ["p"]);
});

Deno.test("copyProgram() leaves the installed program as it is if that runs the installation", () => {
  using system = emptyRoot();
  writeFile(system, { path: "/bin/p", mode: 0o700, text: "same" });
  Deno.linkSync(`${system.root}/bin/p`, system.file("link"));
  copyProgram(system, { from: system.file("link"), to: "/bin/p" });
  assert.equal(modeOf(`${system.root}/bin/p`), 0o700);
});

Deno.test("makeFolder() creates a folder for this user alone, with those above it", () => {
  using system = emptyRoot();
  const path = `${system.root}/var/lib/p`;
  makeFolder(path);
  assert.equal(modeOf(path), 0o700);
  makeFolder(path);
});

Deno.test("enableInImage() links to the unit by its path on the device, also again", () => {
  using system = emptyRoot();
  for (const unit of ["/etc/a.service", "/etc/b.service"]) {
    enableInImage(system, unit, "/etc/wants/p.service");
    assert.equal(Deno.readLinkSync(`${system.root}/etc/wants/p.service`), unit);
  }
});

Deno.test("hasSystemd() is true while the folder of systemd exists", () => {
  const stat = (result: () => { isDirectory: boolean }) =>
    replaced(Deno, "statSync", (path) => {
      assert.equal(path, "/run/systemd/system");
      return result() as Deno.FileInfo;
    });
  for (const isDirectory of [true, false]) {
    using _stat = stat(() => ({ isDirectory }));
    assert.equal(hasSystemd(), isDirectory);
  }
  using _stat = stat(() => {
    throw new Deno.errors.NotFound();
  });
  assert.equal(hasSystemd(), false);
});

Deno.test("systemdVersion() finds the library in the folder of each distribution", () => {
  for (
    const folder of [
      "lib",
      "usr/lib",
      "usr/lib64",
      "usr/lib/aarch64-linux-gnu",
      "usr/lib/x86_64-linux-gnu",
    ]
  ) {
    using system = emptyRoot();
    const path = (name: string) => `/${folder}/systemd/${name}`;
    writeFile(system, { path: path("systemd-xy"), mode: 0o644, text: "" });
    assert.equal(systemdVersion(system), undefined);
    writeFile(system, { path: path("libsystemd-shared-252.so"), mode: 0o644, text: "" });
    assert.equal(systemdVersion(system), 252, folder);
  }
});

/** Runs `use` with a systemctl that runs this shell script. */
async function withSystemctl(script: string, use: () => Promise<void>): Promise<void> {
  using folder = new TemporaryFolder();
  writeProgram(folder.file("systemctl"), `#!/bin/sh\n${script}\n`);
  await withEnvironment({ PATH: `${folder.path}:${Deno.env.get("PATH")}` }, use);
}

Deno.test("systemctl() passes its arguments, and throws with the output if it fails", async () => {
  await withSystemctl('[ "$*" = "enable x" ] && exit 0; echo "one\\ntwo" >&2; exit 3', async () => {
    await systemctl(["enable", "x"]);
    await assert.rejects(
      systemctl(["enable", "y"]),
      (error) =>
        error instanceof UnavailableError &&
        error.message === "Cannot run systemctl enable y: one; two",
    );
    await systemctl(["enable", "y"], { allowFailure: true });
  });
});

Deno.test("removeUnpackedProgram() removes the folder of all unpacked versions, and no other", () => {
  const hash = "0123456789abcdef".repeat(4);
  const run = (folder: string, { name = hash, env = {} } = {}) => {
    using system = emptyRoot();
    const assets = `${system.root}/${folder}/${name}`;
    Deno.mkdirSync(assets, { recursive: true });
    removeUnpackedProgram({ PHYSIOLOGY_ASSETS: assets, ...env });
    return namesIn(system.root).length === 0;
  };
  assert.equal(run("physiology_server"), true);
  assert.equal(run("physiology_server-1000"), true);
  assert.equal(run("other"), false);
  assert.equal(run("physiology_server-x"), false);
  assert.equal(run("physiology_server", { name: "assets" }), false);
  // The service's own folder belongs to systemd.
  assert.equal(run("physiology_server", { env: { STATE_DIRECTORY: "/var/lib/p" } }), false);
  // Only uninstall removes the installed program.
  using removal = replaced(Deno, "removeSync", () => assert.fail("removed"));
  removeUnpackedProgram({ PHYSIOLOGY_ASSETS: `/usr/local/lib/physiology_server/${hash}` });
  removal[Symbol.dispose]();
  removeUnpackedProgram({});
  removeUnpackedProgram({ PHYSIOLOGY_ASSETS: `/no/such/physiology_server/${hash}` });
});

Deno.test("hostAt() of an image uses systemd, and installs below its root", () => {
  using system = emptyRoot();
  const host = hostAt(`${system.root}//`);
  assert.deepEqual([host.root, host.usesSystemd], [system.root, true]);
  const { unit, wants } = serviceOf();
  assert.deepEqual([host.systemdVersion, host.readFile(unit)], [undefined, undefined]);
  assert.deepEqual([host.exists(unit), host.listFolder("/etc")], [false, []]);
  host.writeFile({ path: unit, mode: 0o644, text: "[Unit]", secret: false });
  host.enable(serviceOf());
  host.enable(serviceOf("bed2"));
  host.makeStateFolder(serviceOf());
  host.copyProgram("/bin/true");
  assert.deepEqual(namesIn(system.root).sort(), ["etc", "usr", "var"]);
  assert.equal(namesIn(`${system.root}/usr/local/bin`).join(), "physiology_server");
  assert.equal(namesIn(`${system.root}/var/lib`).join(), "physiology_server");
  assert.equal(Deno.readLinkSync(system.root + wants.link), unit);
  assert.deepEqual(host.listFolder("/etc/systemd/system/multi-user.target.wants"), [
    "physiology_server.service",
    "physiology_server@bed2.service",
  ]);
  assert.equal(
    Deno.readLinkSync(system.root + serviceOf("bed2").wants.link),
    "/etc/systemd/system/physiology_server@.service",
  );
  assert.deepEqual([host.readFile(unit), host.exists(unit)], ["[Unit]", true]);
  assert.equal(host.remove("/var"), true);
});

Deno.test("hostAt() of the running system uses systemd only if that runs", () => {
  for (const isDirectory of [true, false]) {
    using _stat = replaced(Deno, "statSync", () => ({ isDirectory }) as Deno.FileInfo);
    const { root, usesSystemd } = hostAt();
    assert.deepEqual([root, usesSystemd], ["", isDirectory]);
  }
});
