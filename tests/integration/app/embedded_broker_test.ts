import assert from "node:assert/strict";
import { EmbeddedBroker } from "../../../src/app/up/embedded_broker.ts";
import { findBroker } from "../../../src/app/up/find_broker.ts";
import { probeRedis } from "../../../src/app/up/probe_redis.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePort } from "../../support/free_port.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const password = "0123456789abcdef0123456789abcdef";

async function startBroker(folder: string, log = new CollectingLog()) {
  return await EmbeddedBroker.start({ folder, password, log, preferredPort: freePort() });
}

/** Sends commands to the broker with redis-cli; returns the reply to each. */
async function replies(port: number, commands: readonly string[]): Promise<string[]> {
  const child = new Deno.Command("redis-cli", {
    args: ["-p", `${port}`],
    env: { REDISCLI_AUTH: password },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(commands.join("\n") + "\n"));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).trim().split("\n").filter(Boolean);
}

const foldersIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name);

Deno.test("EmbeddedBroker serves with its password what clients need, and no administration", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker(folder.path);
  const { port } = broker;
  assert.equal(await probeRedis({ port }), "password");
  assert.equal(await probeRedis({ port, password: "wrong" }), "password");
  const allowed = ["PUBLISH a b", "SET k v", "XADD s 1-1 f v", "LPUSH l v", "PUBSUB NUMSUB a"];
  for (const reply of await replies(port, allowed)) assert.doesNotMatch(reply, /NOPERM/);
  const refused = [
    'EVAL "return 1" 0',
    "CONFIG GET save",
    "PFADD h v",
    "FLUSHALL",
    "SHUTDOWN",
  ];
  const answers = await replies(port, refused);
  assert.equal(answers.length, refused.length);
  for (const reply of answers) assert.match(reply, /NOPERM/);
});

Deno.test("EmbeddedBroker is started again on its port when it is killed, and leaves nothing", async () => {
  using folder = temporaryFolder();
  const log = new CollectingLog();
  {
    await using broker = await startBroker(folder.path, log);
    const { pid, port } = broker;
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    assert.match(command, /valkey-server/);
    assert.ok(!command.includes(password));
    assert.equal(Deno.readTextFileSync(`/proc/${pid}/environ`), "");
    const [own = ""] = foldersIn(folder.path);
    assert.equal(Deno.statSync(`${folder.path}/${own}`).mode! & 0o777, 0o700);
    assert.equal(Deno.statSync(`${folder.path}/${own}/valkey.conf`).mode! & 0o777, 0o600);
    Deno.kill(pid, "SIGKILL");
    await waitFor("another process", () => broker.pid !== pid);
    assert.equal(await probeRedis({ port, password }), "ready");
    assert.equal(log.linesWith("has ended and is started again").length, 1);
  }
  assert.deepEqual(foldersIn(folder.path), []);
});

Deno.test("EmbeddedBroker chooses another port if the preferred one is taken", async () => {
  using folder = temporaryFolder();
  await using first = await startBroker(folder.path);
  await using second = await EmbeddedBroker.start({
    folder: folder.path,
    password,
    log: silentLog,
    preferredPort: first.port,
  });
  assert.notEqual(second.port, first.port);
  assert.equal(foldersIn(folder.path).length, 2);
});

Deno.test("EmbeddedBroker removes the folder of a killed owner, and keeps that of a running one", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(`${folder.path}/broker-killed`);
  Deno.writeTextFileSync(`${folder.path}/broker-killed/lock`, "");
  await using _first = await startBroker(folder.path);
  const [kept = ""] = foldersIn(folder.path);
  await using _second = await startBroker(folder.path);
  const names = foldersIn(folder.path);
  assert.equal(names.length, 2);
  assert.ok(names.includes(kept));
  assert.ok(!names.includes("broker-killed"));
});

Deno.test("EmbeddedBroker reports a program that does not start, and removes its folder", async () => {
  using folder = temporaryFolder();
  const options = { folder: folder.path, password, log: silentLog, preferredPort: freePort() };
  await assert.rejects(
    EmbeddedBroker.start({ ...options, program: "/bin/false" }),
    /Cannot start the embedded broker: it has exited/,
  );
  await assert.rejects(
    EmbeddedBroker.start({ ...options, program: "/absent" }),
    /Cannot start the program: No such file/,
  );
  assert.deepEqual(foldersIn(folder.path), []);
});

Deno.test("findBroker() uses a Redis without a password, and starts nothing", async () => {
  using folder = temporaryFolder();
  await using redis = await startRedis();
  await using found = await findBroker({ folder: folder.path, log: silentLog, port: redis.port });
  assert.equal(found.port, redis.port);
  assert.equal(found.password, undefined);
  assert.deepEqual(found.lines, [`Broker: the Redis at 127.0.0.1:${redis.port}`]);
  assert.deepEqual(foldersIn(folder.path), []);
});

Deno.test("findBroker() explains a Redis that needs a password, and starts its own beside it", async () => {
  using folder = temporaryFolder();
  await using redis = await startRedis({ args: ["--requirepass", "secret"] });
  await using found = await findBroker({ folder: folder.path, log: silentLog, port: redis.port });
  assert.notEqual(found.port, redis.port);
  assert.match(found.lines[0]!, /needs a password: to use it, .*--redis_password_file=FILE/);
  assert.equal(
    await probeRedis({ port: found.port, password: found.password!.value }),
    "ready",
  );
});
