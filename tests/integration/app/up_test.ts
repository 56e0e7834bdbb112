import assert from "node:assert/strict";
import { probeRedis } from "../../../src/app/up/probe_redis.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { type ProgramUnderTest, startProgram } from "../../support/physiology_server.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { waitFor } from "../../support/wait.ts";

const README = new URL("../../../README.md", import.meta.url);
/** A Redis of this machine that needs no password would be used. */
const hasRedis = await probeRedis({ port: 6379 }) === "ready";
const skipped = hasRedis ? " (skipped: a Redis without a password serves at 6379)" : "";

/** The subscriber in the README, which reads the variables that `up` prints. */
function readmeSubscriber(): string {
  const code = /```python\n(import json, os, redis\n[^`]*)```/.exec(Deno.readTextFileSync(README));
  assert.ok(code?.[1], "the README has a subscriber");
  return code[1];
}

/** Starts `up` with its own state folder, and waits for the addresses. */
async function startUp(state: string, flags: readonly string[] = []): Promise<ProgramUnderTest> {
  const program = startProgram(["up", "--simulate", ...flags], { env: { XDG_STATE_HOME: state } });
  const ready = () => program.stdout.includes("Ctrl-C") || !program.running;
  await waitFor("the addresses", ready, { timeoutMs: 60_000 });
  assert.ok(program.running, program.stderr);
  return program;
}

/** The process of the embedded broker. */
function brokerOf(program: ProgramUnderTest): number | undefined {
  return program.descendants().find((pid) =>
    Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("valkey-server 127.0.0.1")
  );
}

const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
};

Deno.test({
  name: "up gives the subscriber of the README values that are marked as simulated, although its " +
    `broker is killed, and leaves nothing at Ctrl-C${skipped}`,
  ignore: hasRedis,
  async fn() {
    using state = temporaryFolder();
    await using program = await startUp(state.path);
    assert.match(program.stdout, /SIMULATED: every value comes from a rendered portrait/);

    // What the user copies into another terminal.
    const exports = program.stdout.match(/^ {2}export .*$/gm)?.join("\n") ?? "";
    await using subscriber = new Program("sh", [
      "-c",
      `${exports}\nexec "$0" -u -c "$1"`,
      PYTHON,
      readmeSubscriber(),
    ]);
    await subscriber.prints(/^core_metrics .*'pulse'/m);
    await subscriber.prints("simulated");

    const url = new URL(/Page: {3}(\S+)/.exec(program.stdout)![1]!);
    const token = new URLSearchParams(url.hash.slice(1)).get("token")!;
    const headers = { authorization: `Bearer ${token}` };
    const devices = await fetch(new URL("/v1/devices", url), { headers });
    assert.match(await devices.text(), /physiology/);
    const refused = await fetch(new URL("/v1/devices", url));
    assert.equal(refused.status, 401);
    await refused.body?.cancel();

    // No secret is in the list of processes.
    const folder = `${state.path}/physiology_server`;
    const password = Deno.readTextFileSync(`${folder}/redis_password`).trim();
    for (const pid of [program.pid, ...program.descendants()]) {
      const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
      for (const secret of [password, token]) assert.ok(!command.includes(secret), command);
    }

    const broker = brokerOf(program)!;
    Deno.kill(broker, "SIGKILL");
    const another = await waitFor(
      "another broker",
      () => [brokerOf(program)].find((pid) => pid !== undefined && pid !== broker),
    );
    await using second = new Program("sh", [
      "-c",
      `${exports}\nexec "$0" -u -c "$1"`,
      PYTHON,
      readmeSubscriber(),
    ]);
    await second.prints("core_metrics");

    program.kill("SIGINT");
    const { code, stderr } = await program.ended;
    assert.equal(code, 0, stderr);
    assert.ok(!isAlive(another));
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(left.toSorted(), ["http_token", "redis_password"]);
  },
});

Deno.test({
  name: `up leaves no broker when it is killed${skipped}`,
  ignore: hasRedis,
  async fn() {
    using state = temporaryFolder();
    await using program = await startUp(state.path, ["--noenable_edge_metrics"]);
    const broker = brokerOf(program)!;
    program.kill("SIGKILL");
    await program.ended;
    await waitFor("the end of the broker", () => !isAlive(broker));
  },
});
