import assert from "node:assert/strict";
import { ChildProcess } from "../../../src/base/child_process.ts";

Deno.test("ChildProcess returns the exit status and the end of stderr", async () => {
  await using child = new ChildProcess("sh", ["-c", "seq 100000 >&2; exit 3"]);
  const { success, signal, reason, stderr } = await child.end();
  assert.deepEqual([success, signal, reason], [false, null, undefined]);
  assert.equal(stderr.length, 4_000);
  assert.ok(stderr.endsWith("\n100000\n"));
});

Deno.test("ChildProcess keeps the first reason of a kill", async () => {
  await using child = new ChildProcess("sleep", ["60"]);
  child.kill("first");
  child.kill("second");
  const { success, signal, reason } = await child.end();
  assert.deepEqual([success, signal, reason], [false, "SIGKILL", "first"]);
});

Deno.test("ChildProcess keeps stderr of characters that arrive in parts", async () => {
  // The two bytes of one character arrive apart.
  const script = "printf '\\303' >&2; sleep 0.05; printf '\\244b' >&2";
  await using child = new ChildProcess("bash", ["-c", script]);
  assert.deepEqual(await child.end(), {
    success: true,
    signal: null,
    reason: undefined,
    stderr: "\u00e4b",
  });
});

Deno.test("ChildProcess returns the stdout of a child that reads nothing", async () => {
  await using child = new ChildProcess("sh", ["-c", "cat; echo hello"]);
  assert.equal(await new Response(child.stdout).text(), "hello\n");
  assert.equal((await child.end()).success, true);
});

Deno.test({
  name: "ChildProcess kills a process that runs when it is disposed, and frees its pipes",
  sanitizeResources: true,
  fn: async () => {
    const child = new ChildProcess("sh", ["-c", "echo hello; exec sleep 60"]);
    const isRunning = () =>
      new Deno.Command("kill", { args: ["-0", `${child.pid}`], stderr: "null" });
    assert.equal((await isRunning().output()).success, true);
    await child[Symbol.asyncDispose]();
    assert.equal((await isRunning().output()).success, false);
    assert.deepEqual(await child.end(), {
      success: false,
      signal: "SIGKILL",
      reason: "it was closed",
      stderr: "",
    });
    child.kill("again");
    assert.equal((await child.end()).reason, "it was closed");
  },
});

Deno.test("ChildProcess ends the stream of a reader when it is disposed", async () => {
  const child = new ChildProcess("sh", ["-c", "echo hello; exec sleep 60"]);
  const text = new Response(child.stdout).text();
  await child[Symbol.asyncDispose]();
  assert.match(await text, /^(hello\n)?$/);
});
