import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { ARCH } from "../../../src/config/assets.ts";
import { packedProgram } from "../../support/packed_program.ts";
import { waitFor } from "../../support/wait.ts";

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

/** What a program needs of a system: libc with its loader, libgcc, libstdc++, and the kernel. */
const LIBRARIES = [
  "libc.so.6",
  "libm.so.6",
  "libdl.so.2",
  "libpthread.so.0",
  "librt.so.1",
  "libgcc_s.so.1",
  "libstdc++.so.6",
];

function bareRoot(): string {
  const root = Deno.makeTempDirSync({ dir: work });
  const triple = ARCH === "x64" ? "x86_64-linux-gnu" : "aarch64-linux-gnu";
  const loader = ARCH === "x64" ? "lib64/ld-linux-x86-64.so.2" : "lib/ld-linux-aarch64.so.1";
  for (const folder of ["lib64", `lib/${triple}`, "proc", "dev"]) {
    Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
  }
  for (const library of LIBRARIES) {
    const found = [`/lib/${triple}`, `/usr/lib/${triple}`].map((folder) => `${folder}/${library}`)
      .find((path) => existsSync(path));
    if (found) Deno.copyFileSync(found, `${root}/lib/${triple}/${library}`);
  }
  Deno.copyFileSync(`/${loader}`, `${root}/${loader}`);
  Deno.writeTextFileSync(`${root}/dev/null`, "");
  Deno.linkSync(program, `${root}/physiology_server`);
  return root;
}

Deno.test({
  name: "alone with libc, libgcc and libstdc++, and without a network, it measures into files",
  ignore: Deno.uid() !== 0,
  async fn() {
    const root = bareRoot();
    // The kernel's own folders are no part of a system's files.
    const script = `mount -t proc proc ${root}/proc && mount --bind /dev/null ${root}/dev/null &&
      exec chroot ${root} /physiology_server "$@"`;
    const args = ["--simulate", "--simulate_pulse=110", "--streaming_backend=file", "--port=0"];
    const child = new Deno.Command("unshare", {
      args: ["--net", "--mount", "sh", "-c", script, "sh", ...args],
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

Deno.test("two builds give the same bytes, and their checksums hold", async () => {
  await packedProgram(`${work}/second`);
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
