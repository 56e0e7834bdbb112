import assert from "node:assert/strict";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { RedisReader } from "../../../src/transports/redis/reader.ts";
import { DeviceFeed } from "../../../src/web/device_feed.ts";
import { fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { startPage } from "../../support/http_page.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** A device behind Redis: publishes its status, and answers commands unless a test prevents it. */
class Device implements Disposable {
  readonly commands: Record<string, unknown>[] = [];
  answers = true;
  readonly #name: string;
  readonly #client;
  readonly #beat: ReturnType<typeof setInterval>;
  #session: string | undefined;
  #sequence = 0;

  constructor(server: RedisServer, name: string) {
    this.#name = name;
    this.#client = server.client();
    this.#beat = setInterval(() => void this.#run().catch(() => {}), 50);
  }

  async #run(): Promise<void> {
    const status = fakeStatus(this.#sequence++, "OK", this.#session);
    await this.#client.publish(`${this.#name}:status`, JSON.stringify(status));
    const pushed = this.answers ? await this.#client.rpop(`${this.#name}:command_queue`) : null;
    if (pushed === null) return;
    const command = JSON.parse(String(pushed));
    this.commands.push(command);
    this.#session = command.recording ? command.session_id ?? "generated" : undefined;
    const state = fakeRecordingState(this.#sequence, this.#session);
    await this.#client.publish(`${this.#name}:recording_state`, JSON.stringify(state));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beat);
  }
}

async function open(server: RedisServer) {
  const stack = new AsyncDisposableStack();
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  const reader = stack.use(
    new RedisReader({
      redis: optionsFor(server),
      log: silentLog,
      onMessage: (channel, message) => feed.take(channel, message.toString()),
    }),
  );
  const feed = stack.use(
    new DeviceFeed({ reader, devices: ["*"], usePubsub: true, clock: new SystemClock() }),
  );
  const page = stack.use(
    await startPage({
      hub: feed.hub,
      token: undefined,
      onCommand: (device, command) => feed.sendCommand(device, command),
    }),
  );
  await waitFor("Redis", () => reader.ready);
  await feed.follow(stop.signal);
  return {
    hub: feed.hub,
    command: async (body: unknown, path = "/v1/recording") => {
      const response = await fetch(page.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const { results = [], error } = await response.json();
      const outcomes = results.map(({ outcome }: { outcome: string }) => outcome);
      return { status: response.status, outcomes, error };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("/v1/recording starts and stops a group of devices, and confirms what they publish", async () => {
  await using server = await startRedis();
  using one = new Device(server, "bed-1");
  using two = new Device(server, "bed-2");
  await using page = await open(server);
  await waitFor("the devices", () => page.hub.devices.length === 2);
  const devices = ["bed-1", "bed-2"];
  const started = await page.command({ devices, recording: true, session_id: "s" });
  assert.deepEqual(started, {
    status: 200,
    outcomes: ["confirmed", "confirmed"],
    error: undefined,
  });
  for (const { commands } of [one, two]) {
    const { expires_at, ...command } = commands[0]!;
    assert.deepEqual(command, { recording: true, session_id: "s" });
    const lifetimeMs = Number(expires_at) / 1000 - Date.now();
    assert(lifetimeMs > 1000 && lifetimeMs <= 5000, `${lifetimeMs}`);
  }
  const stopped = await page.command({ device: "bed-1", recording: false }, "/api/recording");
  assert.deepEqual([stopped.status, stopped.outcomes], [200, ["confirmed"]]);
  const again = await page.command({ device: "bed-1", recording: false });
  assert.deepEqual([again.status, again.outcomes], [200, ["confirmed"]]);
});

Deno.test("/v1/recording reports a device that does not confirm within 3 s, beside one that does", async () => {
  await using server = await startRedis();
  using _one = new Device(server, "bed-1");
  using two = new Device(server, "bed-2");
  two.answers = false;
  await using page = await open(server);
  await waitFor("the devices", () => page.hub.devices.length === 2);
  const startMs = performance.now();
  const { status, outcomes, error } = await page.command({
    devices: ["bed-1", "bed-2"],
    recording: true,
  });
  assert.deepEqual([status, outcomes], [504, ["confirmed", "unconfirmed"]]);
  assert.equal(error, "The device has not confirmed within 3 s");
  const elapsedMs = performance.now() - startMs;
  assert(elapsedMs >= 2900, `${elapsedMs}`);
});

Deno.test("/v1/recording sends no command to a silent device, and reports that Redis is away", async () => {
  await using server = await startRedis();
  const device = new Device(server, "bed-1");
  await using page = await open(server);
  await waitFor("the device", () => page.hub.devices.length === 1);
  device[Symbol.dispose]();
  await waitFor("silence", () => page.hub.isSilent("bed-1"));
  const silent = await page.command({ device: "bed-1", recording: true });
  assert.deepEqual([silent.status, silent.outcomes], [409, ["silent"]]);
  const client = server.client();
  assert.equal(await client.exists("bed-1:command_queue"), 0);
  await client.publish("bed-1:status", JSON.stringify(fakeStatus(1)));
  await waitFor("the device again", () => !page.hub.isSilent("bed-1"));
  await server.kill();
  const away = await page.command({ device: "bed-1", recording: true });
  assert.deepEqual([away.status, away.outcomes], [503, ["unreachable"]]);
});
