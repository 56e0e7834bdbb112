import assert from "node:assert/strict";
import { startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("server reports a changed password, and uses the new one after SIGHUP without a restart", async () => {
  await using broker = await startRedis({ args: ["--requirepass", "owl-7"] });
  const admin = broker.client({ password: "owl-7" });
  await admin.ping();
  const folder = await Deno.makeTempDir();
  const path = `${folder}/redis.json`;
  const write = (password: string) =>
    Deno.writeTextFile(path, JSON.stringify({ port: broker.port, password }));
  await write("owl-7");
  await using server = startProgram([
    "--simulate",
    `--redis_config_path=${path}`,
    "--start_with_recording_on",
  ]);
  const subscriber = await Subscriber.of(broker, "physiology", { password: "owl-7" });
  const before = await subscriber.first("core_metrics");

  await admin.config("SET", "requirepass", "lark-9");
  await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await waitFor("the status", () => /PUBLISH_DEGRADED/.test(server.stderr));
  // The first reason may be the closed connection, before the login is refused.
  await waitFor("the reason", () => /password/i.test(server.stderr));
  assert.doesNotMatch(server.stderr, /owl-7|lark-9/, "a password in the log");

  await Deno.writeTextFile(path, "{");
  server.kill("SIGHUP");
  await waitFor("the refusal", () => /Keeping the old configuration/.test(server.stderr));
  await write("lark-9");
  server.kill("SIGHUP");
  const again = await Subscriber.of(broker, "physiology", { password: "lark-9" });
  const after = await again.first("core_metrics", ({ payload }) => !payload.metadata.replayed);
  assert.equal(
    after.payload.metadata.boot_id,
    before.payload.metadata.boot_id,
    "the session continues",
  );
  assert.ok(after.payload.metadata.frame_count > before.payload.metadata.frame_count);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("server keeps its prefix, mode and command queue after SIGHUP, and names what needs a restart", async () => {
  await using broker = await startRedis();
  using folder = temporaryFolder();
  const path = `${folder.path}/redis.json`;
  const write = (values: Readonly<Record<string, unknown>>) =>
    Deno.writeTextFileSync(path, JSON.stringify({ port: broker.port, ...values }));
  write({});
  await using server = startProgram(["--simulate", `--redis_config_path=${path}`]);
  const subscriber = await Subscriber.of(broker);
  const moved = await Subscriber.of(broker, "ward");
  await subscriber.first("core_metrics");

  write({ key_prefix: "ward", use_pubsub: false, client_name: "renamed" });
  server.kill("SIGHUP");
  const warning = "Changes take effect after a restart: --redis_key_prefix, --redis_use_pubsub";
  await waitFor("the warning", () => server.stderr.includes(warning));
  const client = broker.client();
  await waitFor("the links with the new name", async () => {
    const names = String(await client.call("CLIENT", "LIST"));
    return ["metrics", "frames", "commands"].every((role) => names.includes(`renamed:${role}`));
  });
  const seen = subscriber.all("core_metrics").length;
  await waitFor("metrics on the old channel", () => subscriber.all("core_metrics").length > seen);
  await client.lpush("physiology:command_queue", '{"recording": true, "session_id": "visit"}');
  await subscriber.first("recording_state", ({ payload }) => payload.session_id === "visit");
  assert.deepEqual(moved.received, []);
  assert.deepEqual(await client.keys("*"), []);
});
