import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { enterBareRoot, makeBareRoot } from "./bare_root.ts";
import { waitFor } from "./wait.ts";

/** Exit status and output of an executable. */
export interface ProgramOutput {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an executable with only PATH and `env` in its environment, in the folder `work`. */
export async function runExecutable(
  executable: string,
  args: readonly string[],
  { env, work }: { readonly env: Record<string, string>; readonly work: string },
): Promise<ProgramOutput> {
  const output = await new Deno.Command(executable, {
    args: [...args],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
    cwd: work,
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}

export interface ExecutableSuiteOptions {
  readonly executable: string;
  /** Folder for the files of the tests. */
  readonly work: string;
  /** Variables of the environment, such as XDG_CACHE_HOME. */
  readonly env: Record<string, string>;
}

/** Defines the tests of an executable with everything in it; their names begin with `name`. */
export function testExecutable(
  name: string,
  { executable, work, env }: ExecutableSuiteOptions,
): void {
  const start = (args: readonly string[]) => runExecutable(executable, args, { env, work });

  Deno.test(`${name} starts`, async () => {
    const { status, stdout, stderr } = await start(["version", "--json"]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(JSON.parse(stdout).packed, true);
  });

  Deno.test(`${name} passes on exit statuses and messages`, async () => {
    const wrong = await start(["--use_camra"]);
    assert.equal(wrong.status, 64);
    assert.match(wrong.stderr, /did you mean --use_camera/);
    const missing = await start(["check-config", "--redis_config_path=/none.json"]);
    assert.equal(missing.status, 78);
  });

  Deno.test(`${name} grants a command permission to write its file`, async () => {
    const result = await start(["--save_default_redis_ipc_config"]);
    assert.deepEqual([result.status, result.stderr], [0, ""]);
    assert.equal(Deno.statSync(`${work}/default_redis_ipc_config.json`).isFile, true);
  });

  Deno.test({
    name: `${name} measures with only libc, libgcc and libstdc++, and without a network`,
    ignore: Deno.uid() !== 0,
    async fn() {
      const root = Deno.makeTempDirSync({ dir: work });
      makeBareRoot(root, { files: { physiology_server: executable } });
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
        const image = `${root}/file_ipc_output/latest.jpg`;
        await waitFor("a frame", () => existsSync(image));
        assert.equal(Deno.readFileSync(image)[0], 0xff);
      } finally {
        child.kill("SIGTERM");
        assert.equal((await child.status).code, 0, await stderr);
      }
      const entries = [...Deno.readDirSync(root)].map(({ name }) => name).sort();
      assert.deepEqual(entries, [
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
}

function lastPulse(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const line = Deno.readTextFileSync(path).trimEnd().split("\n").at(-1);
  return line ? JSON.parse(line).payload.pulse?.strict?.value : undefined;
}
