import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { ARCH } from "../../../src/base/assets.ts";
import { enterBareRoot, makeBareRoot } from "../../support/bare_root.ts";
import { packedProgram } from "../../support/packed_program.ts";
import { Subscriber } from "../../support/physiology_server.ts";
import { Program } from "../../support/program.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const work = await Deno.makeTempDir({ prefix: "packed-" });
addEventListener("unload", () => Deno.removeSync(work, { recursive: true }));
const program = await packedProgram(`${work}/first`);

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the packed program with nothing in its environment but PATH and `env`. */
async function start(args: readonly string[], env: Record<string, string>): Promise<Answer> {
  const output = await new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
    cwd: work,
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}

const cache = { XDG_CACHE_HOME: `${work}/cache` };

Deno.test("the packed program starts", async () => {
  const { status, stdout, stderr } = await start(["version", "--json"], cache);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(JSON.parse(stdout).packed, true);
});

Deno.test("exit statuses and messages pass through the launcher", async () => {
  const wrong = await start(["--use_camra"], cache);
  assert.equal(wrong.status, 64);
  assert.match(wrong.stderr, /did you mean --use_camera/);
  const missing = await start(["check-config", "--redis_config_path=/none.json"], cache);
  assert.equal(missing.status, 78);
});

Deno.test("a command that writes is given the right to, there and nowhere else", async () => {
  const answer = await start(["--save_default_redis_ipc_config"], cache);
  assert.deepEqual([answer.status, answer.stderr], [0, ""]);
  assert.equal(Deno.statSync(`${work}/default_redis_ipc_config.json`).isFile, true);
});

Deno.test({
  name: "alone with libc, libgcc and libstdc++, and without a network, it measures into files",
  ignore: Deno.uid() !== 0,
  async fn() {
    const root = Deno.makeTempDirSync({ dir: work });
    makeBareRoot(root, { files: { physiology_server: program } });
    const args = [
      "/physiology_server",
      "--simulate",
      "--simulate_pulse=110",
      "--streaming_backend=file",
      "--port=0",
    ];
    const child = new Deno.Command("unshare", {
      args: ["--net", "--mount", "sh", "-c", enterBareRoot(root), "sh", ...args],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const stderr = new Response(child.stderr).text();
    try {
      const path = `${root}/file_ipc_output/core_metrics.jsonl`;
      const pulse = await waitFor("a pulse", () => lastPulse(path), { timeoutMs: 60_000 });
      assert(Math.abs(pulse - 110) < 3, `${pulse}`);
      assert.equal(Deno.readFileSync(`${root}/file_ipc_output/latest.jpg`)[0], 0xff);
    } finally {
      child.kill("SIGTERM");
      assert.equal((await child.status).code, 0, await stderr);
    }
    const others = [...Deno.readDirSync(root)].map(({ name }) => name).sort();
    assert.deepEqual(others, [
      "dev",
      "file_ipc_output",
      "lib",
      "lib64",
      "physiology_server",
      "proc",
      "var",
    ]);
  },
});

function lastPulse(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const line = Deno.readTextFileSync(path).trimEnd().split("\n").at(-1);
  return line ? JSON.parse(line).payload.pulse?.strict?.value : undefined;
}

Deno.test("a reload to another Redis is refused by name, as only this one may be reached", async () => {
  await using redis = await startRedis();
  const heard = await Subscriber.of(redis);
  const config = (port: number) =>
    Deno.writeTextFileSync(`${work}/redis.json`, JSON.stringify({ host: "127.0.0.1", port }));
  config(redis.port);
  const args = ["--simulate", "--port=0", `--redis_config_path=${work}/redis.json`];
  await using server = new Program(program, args, { env: cache });
  await heard.first("core_metrics");
  config(redis.port + 1);
  server.kill("SIGHUP");
  await server.prints(`Keeping the old configuration: Cannot use 127.0.0.1:${redis.port + 1} by a`);
  const before = heard.all("core_metrics").length;
  await waitFor("more metrics", () => heard.all("core_metrics").length > before + 5);
});

Deno.test("a password on the command line is hidden from the list of processes", async () => {
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

Deno.test("licences of everything carried are printed, with where ffmpeg's source is", async () => {
  const { stdout, status } = await start(["--licenses"], cache);
  assert.equal(status, 0);
  for (const part of ["deno", "onnxruntime", "ffmpeg", "libjpeg-turbo", "zod"]) {
    assert.match(stdout, new RegExp(`\n${part} \\d`));
  }
  assert.match(stdout, /https:\/\/git\.ffmpeg\.org\/ffmpeg\.git/);
  assert.match(stdout, /GNU GENERAL PUBLIC LICENSE/);
});

interface Component {
  readonly name: string;
  readonly description: string;
  readonly purl?: string;
  readonly licenses: readonly unknown[];
  readonly externalReferences: readonly { readonly url: string }[];
}

Deno.test("the bill of materials names whatever is not ours, its licence and its source", async () => {
  assert.equal((await start(["--version"], cache)).status, 0);
  const bill = JSON.parse(Deno.readTextFileSync(`${program}.cdx.json`));
  assert.deepEqual([bill.bomFormat, bill.specVersion], ["CycloneDX", "1.6"]);
  const components: Component[] = bill.components;
  const [folder] = [...Deno.readDirSync(`${cache.XDG_CACHE_HOME}/physiology_server`)]
    .filter(({ name }) => /^[0-9a-f]{64}$/.test(name));
  const unpacked = `${cache.XDG_CACHE_HOME}/physiology_server/${folder?.name}`;
  const named = components.map(({ description }) => description).join("\n");
  const ours = new Set([...Deno.readDirSync(`${ROOT}models`)].map(({ name }) => `models/${name}`));
  const foreign = ["bin", "lib", "models"].flatMap((room) =>
    [...Deno.readDirSync(`${unpacked}/${room}`)].map(({ name }) => `${room}/${name}`)
  ).filter((path) => !ours.has(path));
  for (const path of ["portrait.jpg", ...foreign]) assert(named.includes(path), path);

  const { stdout } = await start(["--licenses"], cache);
  for (const { name, purl, licenses, externalReferences: [from] } of components) {
    assert(purl || name.startsWith("portrait"), `${name} has no package URL`);
    assert.equal(licenses.length, 1, name);
    assert.match(from?.url ?? "", /^https:\/\/[\w.]+\/./, name);
    const section = stdout.split(/^={80}$/m).find((text) => text.startsWith(`\n${name} `)) ?? "";
    assert(section.length > 600 || !purl, `The licence of ${name} is missing: ${section}`);
  }
});

/** The tree once more in another folder, with what is compiled already. */
async function treeElsewhere(): Promise<string> {
  const tree = `${work}/else/where`;
  Deno.mkdirSync(tree, { recursive: true });
  const rooms = ["config", "ffi", "launcher", "models", "scripts", "src"];
  const files = ["LICENSE", "deno.json", "deno.lock", "main.ts"];
  const args = ["-a", ...[...rooms, ...files].map((name) => ROOT + name), tree];
  assert((await new Deno.Command("cp", { args }).output()).success);
  Deno.symlinkSync(await Deno.realPath(`${ROOT}.tools`), `${tree}/.tools`);
  return tree;
}

Deno.test("builds in two folders give the same bytes, and their checksums hold", async () => {
  await packedProgram(`${work}/second`, ARCH, await treeElsewhere());
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
