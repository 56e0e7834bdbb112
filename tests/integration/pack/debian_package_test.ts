import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { debianPackage } from "../../../scripts/pack/debian_package.ts";
import { run } from "../../../scripts/pack/run.ts";
import { ARCH } from "../../../src/base/assets.ts";
import { VERSION } from "../../../src/base/version.ts";
import { DEBIAN_SYSTEMS, runInSystem } from "../../support/debian_system.ts";
import { smallProgram } from "../../support/small_program.ts";

const work = Deno.makeTempDirSync({ prefix: "debian-" });
addEventListener("unload", () => Deno.removeSync(work, { recursive: true }));
const EPOCH_S = 1_700_000_000;
const program = await smallProgram(work);

async function build(name: string, options: { version?: string; epochS?: number } = {}) {
  const output = `${work}/${name}`;
  Deno.mkdirSync(output, { recursive: true });
  return await debianPackage({ arch: ARCH, ...program, output, epochS: EPOCH_S, ...options });
}
const path = await build("first");
const sha256 = (file: string) => createHash("sha256").update(Deno.readFileSync(file)).digest("hex");

Deno.test("debianPackage() gives the same bytes again, with any umask, and others for another time", async () => {
  const umask = Deno.umask(0o077);
  try {
    assert.equal(sha256(await build("second")), sha256(path));
  } finally {
    Deno.umask(umask);
  }
  assert.notEqual(sha256(await build("third", { epochS: EPOCH_S + 1 })), sha256(path));
});

Deno.test("debianPackage() leaves only the package in its folder", () => {
  const names = [...Deno.readDirSync(`${work}/first`)].map(({ name }) => name);
  assert.deepEqual(names, [
    `physiology-server_${VERSION}_${ARCH === "x64" ? "amd64" : "arm64"}.deb`,
  ]);
});

Deno.test("debianPackage() has the version of the program, and needs what minimum_system_test.ts measures", async () => {
  const fields = await run("dpkg-deb", ["-f", path, "Package", "Version", "Depends"]);
  assert.equal(
    fields,
    `Package: physiology-server\nVersion: ${VERSION}\n` +
      "Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 6)\n",
  );
});

Deno.test("debianPackage() has files of root at the paths of Debian, with the times of the build", async () => {
  const list = await run("dpkg-deb", ["-c", path]);
  const files = list.trimEnd().split("\n").filter((line) => !line.startsWith("d"))
    .map((line) => line.split(/\s+/));
  assert.deepEqual(new Set(files.map(([, owner]) => owner)), new Set(["root/root"]));
  assert.equal(new Set(files.map(([, , , day, time]) => `${day} ${time}`)).size, 1);
  const modes = Object.fromEntries(files.map(([mode, , , , , name]) => [name?.slice(1), mode]));
  assert.deepEqual(Object.keys(modes).filter((name) => !name.startsWith("/usr/share/")).sort(), [
    "/etc/default/physiology_server",
    "/etc/physiology_server/redis.json",
    "/etc/physiology_server/secrets",
    "/usr/bin/physiology_server",
    "/usr/lib/systemd/system/physiology_server.service",
  ]);
  assert.equal(modes["/etc/physiology_server/secrets"], "-rw-------");
  assert.equal(modes["/usr/bin/physiology_server"], "-rwxr-xr-x");
  for (
    const name of [
      "bash-completion/completions/physiology_server",
      "doc/physiology-server/changelog.gz",
      "doc/physiology-server/copyright",
      "doc/physiology-server/examples/redis.acl",
      "doc/physiology-server/examples/redis_sentinel.acl",
      "doc/physiology-server/sbom.cdx.json.gz",
      "fish/vendor_completions.d/physiology_server.fish",
      "man/man1/physiology_server.1.gz",
      "zsh/vendor-completions/_physiology_server",
    ]
  ) assert.equal(modes[`/usr/share/${name}`], "-rw-r--r--", name);
});

const OWN_FILES = "find / -xdev -path /proc -prune -o -path /media -prune -o " +
  "-name '*physiology*' -print";

for (const system of DEBIAN_SYSTEMS) {
  const { suite } = system;
  const ignore = !system.isUsable;

  Deno.test({
    name: `dpkg of ${suite} installs, upgrades, removes and purges the package`,
    ignore,
    async fn() {
      const newer = await build("newer", { version: "99.0" });
      const output = await runInSystem(
        system,
        work,
        `dpkg -i /media/first/*.deb; dpkg --verify physiology-server
         [ -x /usr/lib/physiology_server/*/bin/deno ]
         ls /etc/systemd/system/multi-user.target.wants; physiology_server version
         echo 'ARGS="--simulate"' >/etc/default/physiology_server
         dpkg -i ${newer.replace(work, "/media")}; cat /etc/default/physiology_server
         dpkg --remove physiology-server; echo removed; ${OWN_FILES}
         dpkg --purge physiology-server; echo purged; ${OWN_FILES}; ls /etc/default`,
      );
      assert.match(output, /^physiology_server\.service$/m, "enabled");
      assert.match(output, /^arguments: .* version$/m, "the program runs");
      assert.match(output, /^Unpacking physiology-server \(99\.0\) over/m);
      assert.match(output, /^ARGS="--simulate"$/m, "the upgrade keeps the configuration");
      const [removed = "", purged = ""] = output.split(/^removed$/m)[1]?.split(/^purged$/m) ?? [];
      const left = removed.split("\n").filter((line) => line.startsWith("/"))
        .filter((line) => !/^\/var\/lib\/(dpkg\/info|systemd\/deb-systemd-helper)/.test(line));
      assert.deepEqual(left.sort(), [
        "/etc/default/physiology_server",
        "/etc/physiology_server",
        "/etc/systemd/system/multi-user.target.wants/physiology_server.service",
      ]);
      assert.doesNotMatch(purged, /physiology/);
    },
  });

  Deno.test({
    name: `dpkg of ${suite} keeps a service of physiology_server install, and names what to do`,
    ignore,
    async fn() {
      const output = await runInSystem(
        system,
        work,
        `unit=/etc/systemd/system/physiology_server.service; mkdir -p /etc/systemd/system
         echo '# Written by physiology_server install.' >$unit
         ! dpkg -i /media/first/*.deb; cat $unit; [ ! -e /usr/bin/physiology_server ]
         rm $unit; dpkg -i /media/first/*.deb; [ -e /usr/bin/physiology_server ]; echo done`,
      );
      assert.match(output, /run '\/usr\/local\/bin\/physiology_server uninstall'/);
      assert.match(output, /^# Written by physiology_server install\.$/m);
      assert.match(output, /^done$/m);
    },
  });
}
