import assert from "node:assert/strict";
import { temporaryFolder } from "../../support/folders.ts";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

interface TraceEvent {
  readonly ph: string;
  readonly name?: string;
  readonly id?: number;
  readonly ts: number;
}

Deno.test("--trace_path records every step of a frame, from the camera to the reply of Redis", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/trace.json`;
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using server = startProgram([
    "--simulate",
    `--redis_port=${broker.port}`,
    `--trace_path=${path}`,
  ]);
  await waitFor("frames", () => subscriber.all("frame").length >= 30, { timeoutMs: 30_000 });
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  const text = Deno.readTextFileSync(path).trimEnd().replace(/,$/, "");
  const events: readonly TraceEvent[] = JSON.parse(`${text}]`);
  let depth = 0;
  const open = new Map<string, number>();
  const completed = new Map<string, number>();
  for (const { ph, name = "", id, ts } of events) {
    if (ph === "B") depth++;
    if (ph === "E") depth--;
    assert.ok(depth >= 0);
    if (ph === "b") open.set(`${name} ${id}`, ts);
    if (ph === "e") {
      const beganUs = open.get(`${name} ${id}`);
      assert.ok(beganUs !== undefined && beganUs <= ts, `${name} ${id}`);
      open.delete(`${name} ${id}`);
      completed.set(name, (completed.get(name) ?? 0) + 1);
    }
  }
  assert.equal(depth, 0);
  assert.deepEqual([...open.keys()], []);
  for (const step of ["camera", "compress", "queue", "send frame", "send edge_metrics"]) {
    assert.ok(completed.get(step)! >= 30, `${step}: ${completed.get(step)}`);
  }
  assert.ok(completed.get("send core_metrics")! >= 3);
  const spans = new Set(events.filter(({ ph }) => ph === "B").map(({ name }) => name));
  assert.deepEqual([...spans].toSorted(), [
    "core metrics",
    "edge metrics",
    "frame",
    "vision",
    "vitals",
  ]);
});

Deno.test("--trace_path reports a file that cannot be written", async () => {
  const { code, stderr } = await runProgram(["--simulate", "--trace_path=/nowhere/trace.json"]);
  assert.equal(code, 69);
  assert.match(stderr, /Cannot write the trace \/nowhere\/trace\.json: no such file or directory/);
});
