import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { image } from "../../../scripts/pack/image.ts";
import { imageSystem } from "../../../scripts/pack/image_system.ts";
import { run } from "../../../scripts/pack/run.ts";
import { ARCH } from "../../../src/base/assets.ts";
import { smallProgram } from "../../support/small_program.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const work = Deno.makeTempDirSync({ prefix: "image-" });
addEventListener("unload", () => Deno.removeSync(work, { recursive: true }));
/** umoci and skopeo, and the libraries of Debian, which `scripts/setup` downloads. */
const ignore = !["/usr/bin/umoci", "/usr/bin/skopeo", `${ROOT}.tools/${ARCH}/image/versions`]
  .every((path) => existsSync(path));

async function build(name: string): Promise<string> {
  const { files } = await smallProgram(`${work}/${name}`);
  return await image({ arch: ARCH, files, output: `${work}/${name}`, epochS: 1_700_000_000 });
}

Deno.test({
  name: "image() gives the same bytes again, and skopeo and umoci read its user and its program",
  ignore,
  async fn() {
    const path = await build("first");
    const sha256 = (file: string) =>
      createHash("sha256").update(Deno.readFileSync(file)).digest("hex");
    assert.equal(sha256(await build("second")), sha256(path));

    const inspect = async (source: string) =>
      JSON.parse(await run("skopeo", ["--insecure-policy", "inspect", "--config", source]));
    const source = `docker-archive:${path}`;
    const { config, created, architecture } = await inspect(source);
    assert.deepEqual((await inspect(`oci-archive:${path}`)).config, config);
    assert.equal(created, "2023-11-14T22:13:20Z");
    assert.equal(architecture, ARCH === "x64" ? "amd64" : "arm64");
    assert.deepEqual(config, {
      User: "10001:10001",
      Env: ["PATH=/usr/bin:/bin", "STATE_DIRECTORY=/var/lib/physiology_server"],
      Entrypoint: ["/usr/bin/physiology_server"],
      Cmd: ["--use_camera", "--spool_path=spool", "--state_path=."],
      Volumes: { "/var/lib/physiology_server": {} },
      WorkingDir: "/var/lib/physiology_server",
      Labels: config.Labels,
    });

    const layout = `${work}/layout:test`;
    await run("skopeo", ["--insecure-policy", "copy", "--quiet", source, `oci:${layout}`]);
    const rootless = Deno.uid() === 0 ? [] : ["--rootless"];
    await run("umoci", ["unpack", ...rootless, `--image=${layout}`, `${work}/bundle`]);
    const root = `${work}/bundle/rootfs`;
    const [folder] = [...Deno.readDirSync(`${root}/usr/lib/physiology_server`)];
    assert.match(folder?.name ?? "", /^[0-9a-f]{64}$/);
    assert.equal(
      Deno.statSync(`${root}/usr/lib/physiology_server/${folder?.name}`).uid,
      Deno.uid(),
    );
    assert.equal(Deno.statSync(`${root}/var/lib/physiology_server`).mode! & 0o7777, 0o1777);
    for (const name of ["libc6", "libgcc-s1", "libstdc++6"]) {
      assert.ok(Deno.statSync(`${root}/usr/share/doc/${name}/copyright`).size > 500, name);
    }
  },
});

Deno.test({
  name: "imageSystem() names the packages of Debian with their versions for the bill of materials",
  ignore,
  fn() {
    const { components } = imageSystem(ARCH);
    assert.deepEqual(components.map(({ name }) => name), ["libc6", "libgcc-s1", "libstdc++6"]);
    for (const { purl, version, role } of components) {
      assert.match(version, /^\d+[\d.]*-\d/);
      assert.match(purl ?? "", /^pkg:deb\/debian\/lib[\w%-]+@[\w.%+-]+\?arch=(amd64|arm64)$/);
      assert.match(role, /source package (glibc|gcc-\d+)/);
    }
  },
});
