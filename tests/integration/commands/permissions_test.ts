import assert from "node:assert/strict";
import { temporaryFolder } from "../../support/folders.ts";
import { ProgramUnderTest } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** Both stages start while other tests run. */
const SLOW = { timeoutMs: 60_000 };

/** Granted to every command. */
const COMMON = ["--allow-env", "--allow-sys=umask"];

/** Returns the flags of Deno with which a process was granted permissions. */
function grantsOf({ pid }: ProgramUnderTest): string[] {
  const argv = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
  return argv.slice(0, argv.findIndex((argument) => argument.endsWith("/main.ts")))
    .filter((argument) => /^(-A$|--allow-)/.test(argument) && !COMMON.includes(argument)).sort();
}

Deno.test("record and dashboard run from source without native code, and save and serve", async () => {
  await using redis = await startRedis();
  using folder = temporaryFolder();
  const output = `${folder.path}/sessions`;
  const flags = [`--redis_port=${redis.port}`, "--redis_host=127.0.0.1"];
  await using record = new ProgramUnderTest(["record", `--output_dir=${output}`, ...flags]);
  await using dashboard = new ProgramUnderTest(["dashboard", "--port=0", ...flags]);
  await waitFor("record", () => record.stderr.includes("Waiting for recordings"), SLOW);
  const page = () => /http:\/\/[\d.:]+\//.exec(dashboard.stderr)?.[0];
  await waitFor("the page", () => page() !== undefined, SLOW);
  assert.deepEqual(grantsOf(record), [
    `--allow-net=127.0.0.1:${redis.port}`,
    `--allow-read=${output}`,
    `--allow-write=${output}`,
  ]);
  assert.deepEqual(grantsOf(dashboard), [`--allow-net=127.0.0.1:${redis.port},127.0.0.1`]);
  const response = await fetch(page()!);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /<html/);
});

Deno.test("serve runs from source with native code, and without files and programs it does not name", async () => {
  using folder = temporaryFolder();
  await using server = new ProgramUnderTest([
    "--simulate",
    "--streaming_backend=file",
    `--file_base_directory=${folder.path}`,
  ]);
  const grants = await waitFor("the main run", () => {
    const found = server.running ? grantsOf(server) : [];
    return found.includes("--allow-ffi") ? found : undefined;
  }, SLOW);
  assert(!grants.includes("--allow-read") && !grants.includes("--allow-write"), grants.join(" "));
  assert(!grants.includes("--allow-run") && !grants.includes("-A"), grants.join(" "));
});
