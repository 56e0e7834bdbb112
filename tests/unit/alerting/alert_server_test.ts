import assert from "node:assert/strict";
import { AlertServer } from "../../../src/alerting/alert_server.ts";
import type { Alert } from "../../../src/alerting/alert.ts";
import { ConfigError } from "../../../src/base/errors.ts";
import { metricsAt, PULSE_HIGH } from "../../support/alarms.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { bulk, FakeRedis, push } from "../../support/fake_redis.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { waitFor } from "../../support/wait.ts";

/** A server of alerts with a Redis and a webhook that a test controls. */
async function start({ status = 200 } = {}) {
  const folder = temporaryFolder();
  const redis = new FakeRedis();
  redis.deliverMessages();
  const received: Alert[] = [];
  const answer = { status };
  const heartbeats = { count: 0 };
  const webhook = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      if (request.method === "GET") {
        heartbeats.count++;
        return new Response();
      }
      received.push(await request.json());
      return new Response(null, { status: answer.status });
    },
  );
  const clock = new ManualClock();
  const log = new CollectingLog();
  const rulesPath = `${folder.path}/rules.json`;
  const journalPath = `${folder.path}/journal`;
  const url = `http://127.0.0.1:${webhook.addr.port}/`;
  const writeRules = (rule: object, more: object = {}) =>
    Deno.writeTextFileSync(
      rulesPath,
      JSON.stringify({
        ...{ rules: [rule], notify: [{ kind: "webhook", url }], heartbeat_url: url },
        ...more,
      }),
    );
  writeRules(PULSE_HIGH);
  const server = await AlertServer.open({
    ...{ devices: ["bed-1"], rulesPath, journalPath, clock, log },
    redis: optionsFor(redis),
  });
  const ending = new AbortController();
  const running = server.run(ending.signal);
  await waitFor("the subscription", () => redis.commandsNamed("SUBSCRIBE").length > 0);
  return {
    ...{ server, redis, received, answer, heartbeats, clock, log, rulesPath, writeRules, running },
    events: () => received.map(({ event, device, rule }) => `${event} ${device}/${rule}`),
    journal: () =>
      Deno.readTextFileSync(journalPath).split("\n").filter(Boolean).map((line) =>
        JSON.parse(line)
      ),
    /** Publishes core metrics of `bed-1`, 0.2 s after those before. */
    async metrics(pulse: number) {
      await clock.advance(200);
      const text = JSON.stringify(metricsAt(clock.epochUs(clock.monotonicUs()), { pulse }));
      await redis.send(push(bulk("message"), bulk("bed-1:core_metrics"), bulk(text)));
    },
    /** Stops it, while its time passes. */
    async stop() {
      ending.abort();
      let isOver = false;
      running.finally(() => isOver = true);
      await waitFor("the stop", async () => {
        await clock.advance(50);
        return isOver;
      }, { pollMs: 1 });
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await server[Symbol.asyncDispose]();
      await waitFor("no connection", () => redis.open === 0, { pollMs: 1 });
      await redis[Symbol.asyncDispose]();
      await webhook.shutdown();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test("AlertServer sends the alerts of its devices, and writes them to the journal", async () => {
  await using scenario = await start();
  assert.deepEqual(scenario.redis.commandsNamed("SUBSCRIBE")[0]!.slice(1), [
    "bed-1:core_metrics",
    "bed-1:status",
  ]);
  await scenario.metrics(131);
  await waitFor("the alert", () => scenario.received.length === 1);
  await scenario.metrics(80);
  await waitFor("its end", () => scenario.received.length === 2);
  assert.deepEqual(scenario.events(), ["raised bed-1/high", "ended bed-1/high"]);
  assert.deepEqual(scenario.journal(), scenario.received);
  await scenario.stop();
});

Deno.test("AlertServer sends an alert of its own while Redis is away", async () => {
  using timers = new HeldTimers(); // those of the reconnects
  await using scenario = await start();
  const { redis, clock } = scenario;
  await clock.advance(20_000);
  assert.deepEqual(scenario.events(), []);
  redis.farewell = "-ERR it is away\r\n";
  redis.cut();
  await waitFor("the alert", async () => {
    timers.advance(500);
    await clock.advance(1000);
    return scenario.received.length > 0;
  });
  assert.deepEqual(scenario.events(), ["raised alert-service/disconnected"]);
  redis.farewell = undefined;
  await waitFor("its end", async () => {
    timers.advance(500);
    await clock.advance(1000);
    return scenario.received.length > 1;
  });
  assert.deepEqual(scenario.events().slice(1), ["ended alert-service/disconnected"]);
  await scenario.stop();
});

Deno.test("AlertServer requests the heartbeat while Redis is connected, also after a reload", async () => {
  using timers = new HeldTimers(); // those of the reconnects
  await using scenario = await start();
  const { server, redis, clock, heartbeats, log } = scenario;
  const requested = (count: number) =>
    waitFor(`${count} heartbeats`, async () => {
      await clock.advance(1000);
      return heartbeats.count >= count;
    }, { pollMs: 1 });
  await requested(2);
  await server.reload();
  await requested(heartbeats.count + 1);
  redis.farewell = "-ERR it is away\r\n";
  redis.cut();
  await waitFor("a report", async () => {
    timers.advance(500);
    await clock.advance(1000);
    return log.linesWith('No heartbeat reason="no connection to Redis"').length > 0;
  });
  redis.farewell = undefined;
  const { count } = heartbeats;
  await waitFor("the next heartbeat", async () => {
    timers.advance(500);
    await clock.advance(1000);
    return heartbeats.count > count;
  });
  await scenario.stop();
});

Deno.test("AlertServer sends what waits for up to 5 s at the stop", async () => {
  await using scenario = await start({ status: 500 });
  const { clock, log } = scenario;
  await scenario.metrics(131);
  await waitFor("an attempt", () => log.linesWith("Cannot send an alert").length > 0);
  const startUs = clock.monotonicUs();
  await scenario.stop();
  const seconds = (clock.monotonicUs() - startUs) / 1e6;
  assert(seconds >= 5 && seconds < 6, `${seconds} s`);
});

Deno.test("AlertServer.reload() uses other rules, and sends what waits for the old targets", async () => {
  await using scenario = await start();
  const { server, log, clock } = scenario;
  await scenario.metrics(100);
  scenario.writeRules({ ...PULSE_HIGH, name: "lower", above: 90 });
  await server.reload();
  assert.equal(log.linesWith("Reloaded the rules").length, 1);
  await scenario.metrics(101);
  await waitFor("the alert", () => scenario.received.length === 1);
  assert.deepEqual(scenario.events(), ["raised bed-1/lower"]);
  scenario.answer.status = 500;
  await scenario.metrics(80);
  await waitFor("an attempt", () => log.linesWith("Cannot send an alert").length > 0);
  const startUs = clock.monotonicUs();
  let isOver = false;
  const reloading = server.reload().finally(() => isOver = true);
  await waitFor("the end of the old targets", async () => {
    await clock.advance(50);
    return isOver;
  }, { pollMs: 1 });
  await reloading;
  const seconds = (clock.monotonicUs() - startUs) / 1e6;
  assert(seconds >= 5 && seconds < 6, `${seconds} s`);
  await scenario.stop();
});

Deno.test("AlertServer.reload() keeps the old rules if the others cannot be used", async () => {
  await using scenario = await start();
  const { server, log } = scenario;
  scenario.writeRules({ ...PULSE_HIGH, abvoe: 90 });
  await server.reload();
  assert.match(log.linesWith("Keeping the old rules")[0]!, /unknown key "abvoe"/);
  scenario.writeRules({ ...PULSE_HIGH, above: 90 }, {
    notify: [{ kind: "webhook", url: "http://127.0.0.1/", secret_file: "/missing" }],
  });
  await server.reload();
  assert.equal(log.linesWith("Keeping the old rules").length, 2);
  await scenario.metrics(100);
  await scenario.metrics(131);
  await waitFor("the alert", () => scenario.received.length === 1);
  assert.deepEqual(scenario.received.map(({ value }) => value), [131]);
  await scenario.stop();
});

Deno.test("AlertServer.open() refuses rules and a journal that cannot be used", async () => {
  using folder = temporaryFolder();
  const rulesPath = `${folder.path}/rules.json`;
  const options = {
    ...{ devices: ["bed-1"], clock: new ManualClock(), log: new CollectingLog() },
    ...{ redis: optionsFor({ port: 1 }), rulesPath, journalPath: undefined },
  };
  await assert.rejects(AlertServer.open(options), ConfigError);
  Deno.writeTextFileSync(rulesPath, JSON.stringify({ rules: [PULSE_HIGH] }));
  const journalPath = `${folder.path}/missing/journal`;
  await assert.rejects(AlertServer.open({ ...options, journalPath }), /Cannot write the journal/);
});
