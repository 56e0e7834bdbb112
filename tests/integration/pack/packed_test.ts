import assert from "node:assert/strict";
import { packedProgram } from "../../support/packed_program.ts";

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
