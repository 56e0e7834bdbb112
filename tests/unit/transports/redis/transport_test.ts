import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { CommandHandler } from "../../../../src/control/commands.ts";
import { Recording } from "../../../../src/control/recording.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { redisOptions } from "../../../../src/transports/redis/settings.ts";
import { redisTransport } from "../../../../src/transports/redis/transport.ts";
import { array, bulk, FakeRedis } from "../../../support/fake_redis.ts";
import { clock, coreMetric } from "../../../support/messages.ts";
import { waitFor } from "../../../support/wait.ts";

function settingsOf(...argv: string[]) {
  return load(["--simulate", ...argv], { env: {}, readText: () => "" }).settings;
}

Deno.test(
  "redisOptions() have the passwords as plain text, and everything else as it is set",
  () => {
    const { redis } = settingsOf(
      "--redis_password=hunter2",
      "--redis_sentinel_password=hunter3",
      "--redis_sentinel_name=m",
      "--redis_sentinels=a:1",
      "--redis_port=7",
      "--redis_allow_plaintext",
    );
    const options = redisOptions(redis);
    assert.deepEqual([options.password, options.sentinelPassword], ["hunter2", "hunter3"]);
    assert.deepEqual([options.port, options.sentinels], [7, ["a:1"]]);
  },
);

Deno.test("redisTransport leaves both lists to another consumer with --noredis_command_queue", async () => {
  await using server = new FakeRedis();
  const counters = new Counters();
  const handler = new CommandHandler({ recording: new Recording(), counters, log: silentLog });
  const context = { clock, counters, log: silentLog, commands: handler, grpc: undefined };
  const flags = [`--redis_host=127.0.0.1`, `--redis_port=${server.port}`];
  const settings = settingsOf(...flags, "--noredis_command_queue");
  const { backend, receivers, reload } = await redisTransport.open(settings, context);
  await using _backend = backend;
  assert.equal(receivers.length, 0);
  backend.start();
  await waitFor("the backend", () => backend.ready, { pollMs: 1 });
  reload(settings);
  await waitFor("the backend again", () => backend.ready, { pollMs: 1 });
  await backend.send(coreMetric(1));
  assert.deepEqual(server.commandsNamed("BRPOP"), []);
});

Deno.test(
  "redisTransport publishes, takes commands, and reloads both with other settings",
  async () => {
    await using server = new FakeRedis();
    const commands = ['{"recording":true,"session_id":"visit-7"}'];
    server.reply = ([name, key]) => {
      if (name !== "BRPOP") return undefined;
      const command = commands.shift();
      return command === undefined ? "" : array(bulk(key!), bulk(command));
    };
    const flags = [`--redis_host=127.0.0.1`, `--redis_port=${server.port}`];
    const recording = new Recording();
    const counters = new Counters();
    const handler = new CommandHandler({ recording, counters, log: silentLog });
    const context = { clock, counters, log: silentLog, commands: handler, grpc: undefined };
    {
      const opened = await redisTransport.open(settingsOf(...flags), context);
      await using backend = opened.backend;
      await using stack = new AsyncDisposableStack();
      for (const receiver of opened.receivers) stack.use(receiver);
      backend.start();
      await waitFor("the backend", () => backend.ready, { pollMs: 1 });
      await waitFor("the link for frames", () => backend.openForFrames(), { pollMs: 1 });
      await backend.send(coreMetric(1));
      await waitFor("the command", () => recording.state.recording, { pollMs: 1 });
      const labels = { origin: "redis", result: "changed" };
      assert.equal(counters.get("recording_commands_total", labels), 1);
      opened.reload(settingsOf(...flags, "--redis_client_name=bed-7"));
      const named = () => server.commandsNamed("CLIENT").map(([, , name]) => name);
      for (const role of ["metrics", "frames", "commands"]) {
        await waitFor(`the link for ${role}`, () => named().includes(`bed-7:${role}`), {
          pollMs: 1,
        });
      }
      await waitFor("the backend", () => backend.ready, { pollMs: 1 });
      await backend.send(coreMetric(2));
    }
    const channels = server.commandsNamed("PUBLISH").map(([, channel]) => channel);
    assert.deepEqual(channels, ["physiology:core_metrics", "physiology:core_metrics"]);
    await waitFor("no connection", () => server.open === 0, { pollMs: 1 });
  },
);
