import assert from "node:assert/strict";
import { run } from "../../scripts/pack/run.ts";
import { VERSION } from "../../src/base/version.ts";
import { DEBIAN_SYSTEMS, runInSystem } from "../support/debian_system.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { Program } from "../support/program.ts";
import { startRedis } from "../support/redis_server.ts";

/** Folder of a release that `scripts/test_packages` has built, and the public key that signed it. */
const RELEASE = Deno.env.get("TEST_RELEASE");
const KEY = Deno.env.get("TEST_RELEASE_KEY") ?? "";

Deno.test({
  name: "packages of a release install and measure on Debian 12 and 13, and in the image",
  ignore: RELEASE === undefined,
  async fn(test) {
    const work = await Deno.makeTempDir({ prefix: "packages_" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(work, { recursive: true }));
    const release = RELEASE ?? "";
    const deb = `physiology-server_${VERSION}_amd64.deb`;

    await test.step("the signed checksums cover every file", async () => {
      await run("sha256sum", ["--quiet", "--check", "SHA256SUMS"], { cwd: release });
      const names = [...Deno.readDirSync(release)].map(({ name }) => name)
        .filter((name) => !name.startsWith("SHA256SUMS")).sort();
      const sums = Deno.readTextFileSync(`${release}/SHA256SUMS`).trimEnd().split("\n");
      assert.deepEqual(sums.map((line) => line.split("  ")[1]).sort(), names);
      assert.equal(names.length, 5, names.join());
      Deno.writeTextFileSync(`${work}/signers`, `physiology_server ${Deno.readTextFileSync(KEY)}`);
      await run("sh", [
        "-c",
        'ssh-keygen -Y verify -f "$0/signers" -I physiology_server -n file ' +
        '-s "$1/SHA256SUMS.sig" <"$1/SHA256SUMS"',
        work,
        release,
      ]);
    });

    await test.step("lintian reports no error and no warning", async () => {
      const output = await run("lintian", [
        ...["--allow-root", "--fail-on=error,warning"],
        `${release}/${deb}`,
      ]);
      assert.equal(output, "");
    });

    Deno.copyFileSync(`${release}/${deb}`, `${work}/${deb}`);
    for (const system of DEBIAN_SYSTEMS) {
      await test.step(`apt of ${system.suite} installs the package, and the program measures`, async () => {
        assert(system.isUsable, system.path);
        const output = await runInSystem(
          system,
          work,
          `apt-get install -qq --no-install-recommends /media/${deb}
           cd /tmp; physiology_server --simulate --streaming_backend=file --port=0 --duration=25
           grep -m 1 -o '"strict"' file_ipc_output/core_metrics.jsonl; apt-get purge -qq -y physiology-server
           [ ! -e /usr/lib/physiology_server ]; [ ! -e /etc/physiology_server ]; echo purged`,
        );
        assert.match(output, /^"strict"$/m);
        assert.match(output, /^purged$/m);
      });
    }

    await test.step("the image, unpacked, publishes to Redis as an ordinary user", async () => {
      const image = `${release}/physiology_server_${VERSION}_amd64.image.tar`;
      await run("skopeo", [
        ...["--insecure-policy", "copy", "--quiet", `docker-archive:${image}`],
        `oci:${work}/layout:test`,
      ]);
      await run("umoci", ["unpack", `--image=${work}/layout:test`, `${work}/bundle`]);
      const root = `${work}/bundle/rootfs`;
      Deno.writeTextFileSync(`${root}/dev/null`, "");
      await using redis = await startRedis();
      const subscriber = await Subscriber.of(redis);
      const state = "/var/lib/physiology_server";
      await using _server = new Program("unshare", [
        ...["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"],
        `mount -t proc proc ${root}/proc; mount --bind /dev/null ${root}/dev/null
         # The shell stays, as the first process of the namespace, whose end ends the program: a change
         # of the user would clear the program's own signal for the death of its parent.
         unshare --root=${root} --wd=${state} --setuid=1000 --setgid=1000 "$0" "$@"; exit $?`,
        ...["/usr/bin/physiology_server", "--simulate", "--spool_path=spool", "--state_path=."],
        ...["--port=0", `--redis_port=${redis.port}`],
      ], { clearEnv: true, env: { PATH: "/usr/bin:/bin", STATE_DIRECTORY: state } });
      await subscriber.first("core_metrics");
      assert.equal(Deno.statSync(`${root}${state}/deno`).uid, 1000);
    });
  },
});
