import assert from "node:assert/strict";
import { ARCH } from "../../../src/base/assets.ts";
import { runExecutable, testExecutable } from "../../support/executable_suite.ts";
import { packedProgram } from "../../support/packed_program.ts";
import { Subscriber } from "../../support/physiology_server.ts";
import { Program } from "../../support/program.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const work = await Deno.makeTempDir({ prefix: "packed-" });
addEventListener("unload", () => Deno.removeSync(work, { recursive: true }));
const program = await packedProgram(`${work}/first`);

const cache = { XDG_CACHE_HOME: `${work}/cache` };

/** Runs the packed program with only PATH and `env` in its environment. */
const start = (args: readonly string[], env: Record<string, string>) =>
  runExecutable(program, args, { env, work });

testExecutable("packed program", { executable: program, work, env: cache });

Deno.test("packed program rejects a reload to another Redis, for which it has no permission", async () => {
  await using redis = await startRedis();
  const subscriber = await Subscriber.of(redis);
  const config = (port: number) =>
    Deno.writeTextFileSync(`${work}/redis.json`, JSON.stringify({ host: "127.0.0.1", port }));
  config(redis.port);
  const args = ["--simulate", "--port=0", `--redis_config_path=${work}/redis.json`];
  await using server = new Program(program, args, { env: cache });
  await subscriber.first("core_metrics");
  config(redis.port + 1);
  server.kill("SIGHUP");
  await server.prints(
    `Keeping the old configuration: Cannot use 127.0.0.1:${redis.port + 1} after a`,
  );
  const before = subscriber.all("core_metrics").length;
  await waitFor("more metrics", () => subscriber.all("core_metrics").length > before + 5);
});

Deno.test("packed program reads a password that the launcher moved to the environment", async () => {
  const args = ["print-config", "--json", "--redis-password", "hunter2", "--redis_port=7"];
  const { stdout } = await start(args, cache);
  assert.doesNotMatch(stdout, /hunter2/);
  const printed = JSON.parse(stdout);
  assert.deepEqual(printed.redis_password, {
    value: "***",
    origin: { kind: "environment", name: "PHYSIOLOGY_REDIS_PASSWORD" },
  });
  assert.equal(printed.redis_port.value, 7);
});

Deno.test("packed program prints the licences of all components, with the source of ffmpeg", async () => {
  const { stdout, status } = await start(["--licenses"], cache);
  assert.equal(status, 0);
  const parts = "deno onnxruntime ffmpeg mbedtls zlib valkey libjpeg-turbo zod".split(" ");
  for (const part of parts) {
    assert.match(stdout, new RegExp(`\n${part} \\d`));
  }
  assert.match(
    stdout,
    /ffmpeg [\d.]+\nbin\/ffmpeg, .* built by scripts\/build_ffmpeg from the source/,
  );
  assert.match(
    stdout,
    /valkey [\d.]+\nbin\/valkey-server, .* by scripts\/build_valkey from the source/,
  );
  assert.match(stdout, /Valkey contributors/);
  assert.match(stdout, /GNU LESSER GENERAL PUBLIC LICENSE/);
  assert.match(stdout, /GNU GENERAL PUBLIC LICENSE/);
});

interface Component {
  readonly name: string;
  readonly description: string;
  readonly purl?: string;
  readonly licenses: readonly unknown[];
  readonly externalReferences: readonly { readonly url: string }[];
}

Deno.test("bill of materials lists every third-party component with its licence and source", async () => {
  assert.equal((await start(["--version"], cache)).status, 0);
  const bill = JSON.parse(Deno.readTextFileSync(`${program}.cdx.json`));
  assert.deepEqual([bill.bomFormat, bill.specVersion], ["CycloneDX", "1.6"]);
  const components: Component[] = bill.components;
  const unpacked = unpackedFolder();
  const named = components.map(({ description }) => description).join("\n");
  const own = new Set([...Deno.readDirSync(`${ROOT}models`)].map(({ name }) => `models/${name}`));
  const thirdParty = ["bin", "lib", "models"].flatMap((folder) =>
    [...Deno.readDirSync(`${unpacked}/${folder}`)].map(({ name }) => `${folder}/${name}`)
  ).filter((path) => !own.has(path));
  for (const path of ["portrait.jpg", ...thirdParty]) assert(named.includes(path), path);

  const { stdout } = await start(["--licenses"], cache);
  for (const { name, purl, licenses, externalReferences: [from] } of components) {
    assert(purl || name.startsWith("portrait"), `${name} has no package URL`);
    assert.equal(licenses.length, 1, name);
    assert.match(from?.url ?? "", /^https:\/\/[\w.]+\/./, name);
    const section = stdout.split(/^={80}$/m).find((text) => text.startsWith(`\n${name} `)) ?? "";
    assert(section.length > 600 || !purl, `The licence of ${name} is missing: ${section}`);
  }
});

/** The folder to which the packed program has unpacked its files. */
function unpackedFolder(): string {
  const [cached] = [...Deno.readDirSync(`${cache.XDG_CACHE_HOME}/physiology_server`)]
    .filter(({ name }) => /^[0-9a-f]{64}$/.test(name));
  return `${cache.XDG_CACHE_HOME}/physiology_server/${cached?.name}`;
}

Deno.test("packed program hides from Deno what a command may not need", async () => {
  assert.equal((await start(["--version"], cache)).status, 0);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--no-config", "--json", `${unpackedFolder()}/program.js`],
  }).output();
  const graph: { readonly modules: readonly { readonly specifier: string }[] } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  const names = graph.modules.map(({ specifier }) => specifier.replace(/.*\//, ""));
  assert.ok(names.length > 10, `${names}`);
  assert.deepEqual(names.filter((name) => /^(serve|postgres|redis_backend)-/.test(name)), []);
});

/** Copies the source tree to another folder, with the compiled libraries. */
async function copyTree(): Promise<string> {
  const tree = `${work}/another/tree`;
  Deno.mkdirSync(tree, { recursive: true });
  const folders = ["config", "ffi", "launcher", "models", "sandbox", "scripts", "src"];
  const files = ["LICENSE", "deno.json", "deno.lock", "main.ts"];
  const args = ["-a", ...[...folders, ...files].map((name) => ROOT + name), tree];
  assert((await new Deno.Command("cp", { args }).output()).success);
  Deno.symlinkSync(await Deno.realPath(`${ROOT}.tools`), `${tree}/.tools`);
  return tree;
}

Deno.test("compile.ts gives the same bytes in two folders, with valid checksums", async () => {
  await packedProgram(`${work}/second`, ARCH, await copyTree());
  const sums = ["first", "second"].map((name) =>
    Deno.readTextFileSync(`${work}/${name}/SHA256SUMS`)
  );
  assert.equal(sums[0], sums[1]);
  const { success } = await new Deno.Command("sha256sum", {
    args: ["--status", "-c", "SHA256SUMS"],
    cwd: `${work}/first`,
  }).output();
  assert(success);
});
