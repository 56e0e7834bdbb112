import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { temporaryFolder } from "../../support/folders.ts";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** Runs `acl` and returns its lines. */
async function acl(folder: string, ...flags: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram([
    "acl",
    `--password_folder=${folder}`,
    ...flags,
  ]);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

/** Applies lines of an ACL file to a server that runs. */
async function apply(admin: Redis, lines: readonly string[]): Promise<void> {
  for (const line of lines) await admin.call("ACL", "SETUSER", ...line.split(" ").slice(1));
}

Deno.test("acl makes users that Redis loads, each for the names of its device only", async () => {
  using folder = temporaryFolder();
  const keys = `${folder.path}/keys`;
  const lines = [
    ...await acl(keys, "--device=ward-1,ward-2"),
    ...await acl(keys, "--device=ward-3", "--acl_role=keeper"),
    ...await acl(keys, "--device=ward-1", "--acl_role=reader"),
  ];
  const path = `${folder.path}/users.acl`;
  Deno.writeTextFileSync(path, lines.map((line) => `${line}\n`).join(""));
  await using broker = await startRedis({ args: ["--aclfile", path] });
  const login = (username: string) =>
    broker.client({ username, password: Deno.readTextFileSync(`${keys}/${username}`).trim() });

  const device = login("ward-1");
  await device.publish("ward-1:core_metrics", "");
  await assert.rejects(device.publish("ward-2:core_metrics", ""), /NOPERM/);
  await assert.rejects(device.brpop("ward-2:command_queue", 1), /NOPERM/);
  await assert.rejects(device.set("ward-1:status", ""), /NOPERM/);
  const keeper = login("ward-3");
  await keeper.xadd("ward-3:core_metrics:history", "*", "envelope", "");
  await assert.rejects(keeper.xadd("ward-1:core_metrics:history", "*", "envelope", ""), /NOPERM/);
  const reader = login("ward-1-reader");
  await reader.lpush("ward-1:command_queue", "{}");
  await assert.rejects(reader.publish("ward-1:core_metrics", ""), /NOPERM/);
  await reader.subscribe("ward-1:core_metrics");
  await assert.rejects(reader.subscribe("ward-2:core_metrics"), /NOPERM/);
});

Deno.test("acl --rotate and --retire change the password of a device that loses no metric", async () => {
  using folder = temporaryFolder();
  const keys = `${folder.path}/keys`;
  await using broker = await startRedis();
  const admin = broker.client();
  await apply(admin, await acl(keys, "--device=ward-1"));
  // What is on the device: a copy of the file.
  const password = `${folder.path}/password.txt`;
  const deploy = () => Deno.copyFileSync(`${keys}/ward-1`, password);
  deploy();
  const subscriber = await Subscriber.of(broker, "ward-1");
  await using server = startProgram([
    "--simulate",
    `--redis_port=${broker.port}`,
    "--redis_username=ward-1",
    `--redis_password_file=${password}`,
    "--redis_key_prefix=ward-1",
  ]);
  await subscriber.first("core_metrics");
  const users = async () =>
    String(await admin.client("LIST")).split("\n").filter((line) => line.includes(" user=ward-1 "))
      .map((line) => /^id=(\d+)/.exec(line)![1]!);

  await apply(admin, await acl(keys, "--device=ward-1", "--rotate"));
  const before = new Set(await users());
  deploy();
  server.kill("SIGHUP");
  await waitFor("new connections alone", async () => {
    const now = await users();
    return now.length > 0 && now.every((id) => !before.has(id));
  });
  await apply(admin, await acl(keys, "--device=ward-1", "--retire"));
  await admin.call("CLIENT", "KILL", "USER", "ward-1");
  const kill = subscriber.all("core_metrics").at(-1)!.payload.metadata!.sequence!;
  await subscriber.first("core_metrics", ({ payload }) => payload.metadata!.sequence! > kill + 5);
  await waitFor("every metric", () => subscriber.missing().length === 0);
  const bootIds = subscriber.all("core_metrics").map(({ payload }) => payload.metadata!.boot_id);
  assert.equal(new Set(bootIds).size, 1);
  await assert.rejects(acl(keys, "--device=ward-1", "--retire"), /it has none/);
});
