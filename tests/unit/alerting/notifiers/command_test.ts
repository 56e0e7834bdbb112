import assert from "node:assert/strict";
import { ALERT, sendTo } from "../../../support/alert_target.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { waitFor } from "../../../support/wait.ts";

/** Sends an alert to a program; returns the message of the error, if there is one. */
async function runProgram(target: object, signal?: AbortSignal): Promise<string | undefined> {
  return (await sendTo({ kind: "command", ...target }, { signal }))?.message;
}

Deno.test("command writes the alert as a line of JSON to the input of its program", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/written`;
  assert.equal(await runProgram({ program: "/usr/bin/tee", args: ["-a", path] }), undefined);
  assert.equal(Deno.readTextFileSync(path), `${JSON.stringify(ALERT)}\n`);
});

Deno.test("command reports the exit status of its program", async () => {
  assert.equal(await runProgram({ program: "/bin/true" }), undefined);
  assert.equal(await runProgram({ program: "/bin/false" }), "exit status 1");
});

Deno.test("command ends a program that does not end in time, before it starts too", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/started`;
  const target = { program: "/bin/sh", args: ["-c", `echo > ${path}; exec sleep 600`] };
  const ending = new AbortController();
  const running = runProgram(target, ending.signal);
  await waitFor("the program", () => [...Deno.readDirSync(folder.path)].length > 0);
  ending.abort();
  assert.equal(await running, "ended by SIGKILL");
  assert.equal(await runProgram(target, ending.signal), "ended by SIGKILL");
});

Deno.test("command passes no environment variable of the service on", async () => {
  using folder = temporaryFolder();
  Deno.env.set("PHYSIOLOGY_REDIS_PASSWORD", "owl-7");
  try {
    const path = `${folder.path}/environment`;
    const target = { program: "/bin/sh", args: ["-c", `env > ${path}`] };
    assert.equal(await runProgram(target), undefined);
    assert.ok(!Deno.readTextFileSync(path).includes("owl-7"));
  } finally {
    Deno.env.delete("PHYSIOLOGY_REDIS_PASSWORD");
  }
});
