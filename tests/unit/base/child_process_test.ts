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

Deno.test("ChildProcess passes stdin to the child and returns its stdout", async () => {
  await using child = new ChildProcess("cat", [], { stdin: true });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("hello"));
  await writer.close();
  assert.equal(await new Response(child.stdout).text(), "hello");
  assert.equal((await child.end()).success, true);
});
