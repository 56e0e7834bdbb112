import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ConfigError, UnavailableError } from "../../../src/base/errors.ts";
import { NO_SECRET } from "../../../src/config/secret.ts";
import { runDatabaseLogger } from "../../../src/database/run.ts";
import { SqliteDatabase } from "../../../src/database/sqlite.ts";
import { encodeEnvelope } from "../../../src/envelopes/envelope.ts";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { array, bulk, FakeRedis, push } from "../../support/fake_redis.ts";
import { FAKE_START_US, fakeMetrics } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { waitFor } from "../../support/wait.ts";

/** Runs the logger of the device `ward` until it is stopped. */
function start(to: string, server: { readonly port: number }, more: Partial<RedisOptions> = {}) {
  const log = new CollectingLog();
  const controller = new AbortController();
  const stopped = Promise.withResolvers<void>();
  const running = runDatabaseLogger({
    settings: {
      ...{ to, password: NO_SECRET, passwordFile: undefined, tlsCaPath: undefined },
      ...{ allowPlaintext: false, flushIntervalMs: 10, batchRows: 100, memoryRows: 1000 },
      ...{ spoolPath: undefined, spoolMaxBytes: 65_536, retentionDays: 0, hourlyRetentionDays: 0 },
    },
    redis: optionsFor(server, more),
    devices: ["ward"],
    log,
    stop: { signal: controller.signal, stopped: stopped.promise },
  });
  running.catch(() => {});
  return {
    log,
    running,
    stop() {
      controller.abort();
      stopped.resolve();
      return running;
    },
  };
}

/** Lets a server confirm subscriptions. */
function confirmSubscriptions(server: FakeRedis): void {
  server.reply = ([name, channel = ""]) =>
    name === "SUBSCRIBE" ? push(bulk("subscribe"), bulk(channel), ":1\r\n") : undefined;
}

Deno.test("runDatabaseLogger() writes the messages of channels to the database until the stop", async () => {
  using folder = temporaryFolder();
  await using server = new FakeRedis();
  confirmSubscriptions(server);
  const path = `${folder.path}/vitals.lp`;
  const run = start(`influx+file:${path}`, server);
  await waitFor("the subscription", () => server.commandsNamed("SUBSCRIBE").length > 0);
  assert.deepEqual(server.commandsNamed("SUBSCRIBE")[0]!.slice(1), [
    "ward:core_metrics",
    "ward:status",
    "ward:recording_state",
  ]);
  const [envelope] = fakeMetrics(4);
  const text = new TextDecoder().decode(encodeEnvelope(envelope!));
  await server.send(push(bulk("message"), bulk("ward:core_metrics"), bulk(text)));
  await waitFor("the line", () => Deno.readTextFileSync(path).includes("sequence=4i"));
  await run.stop();
  assert.equal(Deno.readTextFileSync(path).split("\n").length, 2);
  assert.equal(run.log.linesWith(`Logging ward to line protocol ${path}`).length, 1);
  await waitFor("no connection", () => server.open === 0);
});

Deno.test("runDatabaseLogger() reads histories from a minute before the newest row of each device", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  {
    await using database = new SqliteDatabase(path);
    await database.open();
    await database.write([measurementRow(7)]); // 1.4 s after the start
  }
  await using server = new FakeRedis();
  server.reply = ([name]) =>
    name === "SCAN"
      ? array(bulk("0"), array(bulk("ward:status:history"), bulk("other:status:history")))
      : name === "XREAD"
      ? "_\r\n"
      : undefined;
  const run = start(`sqlite:${path}`, server, { usePubsub: false });
  const reads = () => server.commandsNamed("XREAD");
  await waitFor(
    "both devices",
    () =>
      ["ward", "other"].every((device) =>
        reads().some((words) => words.includes(`${device}:core_metrics:history`))
      ),
  );
  const startOf = (device: string) =>
    reads().find((words) => words.includes(`${device}:core_metrics:history`))!.slice(-3);
  const fromMs = FAKE_START_US / 1000 + 1400 - 60_000;
  assert.deepEqual(startOf("ward"), Array(3).fill(`${fromMs}-0`));
  assert.deepEqual(startOf("other"), Array(3).fill("0-0"));
  await run.stop();
});

Deno.test("runDatabaseLogger() subscribes while the database is away, and ends with histories", async () => {
  await using server = new FakeRedis();
  confirmSubscriptions(server);
  const to = "influx+http://127.0.0.1:1/?db=a";
  const channels = start(to, server);
  await waitFor("the subscription", () => server.commandsNamed("SUBSCRIBE").length > 0);
  await channels.stop();
  const histories = start("postgres://a@127.0.0.1:1/b", server, { usePubsub: false });
  await waitFor(
    "a failure",
    () => histories.log.linesWith("Cannot write to PostgreSQL").length > 0,
  );
  assert.equal(server.commandsNamed("SCAN").length, 0);
  await histories.stop();
});

Deno.test("runDatabaseLogger() fails if its file cannot be opened, or has a newer schema", async () => {
  using folder = temporaryFolder();
  await using server = new FakeRedis();
  const missing = `${folder.path}/missing/vitals.db`;
  await assert.rejects(start(`sqlite:${missing}`, server).running, (error: Error) => {
    assert(error instanceof UnavailableError, String(error));
    assert(error.message.startsWith(`Cannot open ${missing}: `), error.message);
    return true;
  });
  const path = `${folder.path}/newer.db`;
  const newer = new DatabaseSync(path);
  newer.exec("PRAGMA user_version = 99");
  newer.close();
  await assert.rejects(start(`sqlite:${path}`, server).running, ConfigError);
  assert.equal(server.opened, 0);
});
