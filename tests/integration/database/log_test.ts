import assert from "node:assert/strict";
import { encodeEnvelope, type Envelope } from "../../../src/envelopes/envelope.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ProgramUnderTest } from "../../support/physiology_server.ts";
import { HAS_POSTGRES, type PostgresServer, startPostgres } from "../../support/postgres_server.ts";
import { PYTHON } from "../../support/program.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** The program starts twice while other tests run, and waits out the time limit of a database. */
const SLOW = { timeoutMs: 90_000, pollMs: 100 };
/** ioredis leaves the timers of commands that fail because the server is killed. */
const LIBRARY_LEAVES_TIMERS = { sanitizeOps: false, sanitizeResources: false } as const;

function testWithPostgres(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: HAS_POSTGRES ? name : `${name} (skipped: PostgreSQL is not installed)`,
    ignore: !HAS_POSTGRES,
    ...LIBRARY_LEAVES_TIMERS,
    fn,
  });
}

/** Starts `log` with this target. */
function startLog(redis: RedisServer, to: string, ...flags: string[]): ProgramUnderTest {
  return new ProgramUnderTest([
    ...["log", `--to=${to}`, "--redis_host=127.0.0.1", `--redis_port=${redis.port}`],
    ...flags,
  ]);
}

/** Waits until the program reads channels, and until it has opened its database. */
async function connected(program: ProgramUnderTest, redis: RedisServer): Promise<void> {
  const client = redis.client();
  await waitFor("the subscription", async () => {
    if (!program.running) throw new Error(program.stderr);
    return Number(await client.pubsub("NUMPAT")) >= 3;
  }, SLOW);
  await waitFor("the database", () => program.stderr.includes("Connected to"), SLOW);
  client.disconnect();
}

/** A device that publishes a message every 20 ms until it is disposed. */
class FakeDevice implements AsyncDisposable {
  readonly #publish: (envelope: Envelope) => Promise<unknown>;
  readonly #timer: ReturnType<typeof setInterval>;
  #last: Promise<unknown> = Promise.resolve();
  /** Number of messages that Redis has acknowledged; the next sequence. */
  published: number;

  /** @param from the first sequence */
  constructor(publish: (envelope: Envelope) => Promise<unknown>, from = 0) {
    this.#publish = publish;
    this.published = from;
    this.#timer = setInterval(() => this.#next(), 20);
  }

  #next(): void {
    this.#last = this.#last.then(async () => {
      await this.#publish(fakeMetrics(this.published)[0]!);
      this.published++;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
  }
}

/** Publishes to the channel of a device. */
function channelOf(redis: RedisServer, device: string) {
  const client = redis.client();
  return (envelope: Envelope) =>
    client.publish(`${device}:${envelope.type}`, Buffer.from(encodeEnvelope(envelope)));
}

/** Stores like a server in key-value mode. */
function historyOf(redis: RedisServer, device: string) {
  const client = redis.client();
  return (envelope: Envelope) =>
    client.xadd(
      `${device}:${envelope.type}:history`,
      // A command whose reply was lost is sent again, and adds the message once more.
      `${Math.floor(envelope.timestamp / 1000)}-*`,
      "envelope",
      Buffer.from(encodeEnvelope(envelope)),
    );
}

/** Waits until the database has a number of rows, and returns how many are missing or doubled. */
async function rowsOf(server: PostgresServer, count: number): Promise<string> {
  const summary = "SELECT count(*), count(DISTINCT sequence), max(sequence) + 1, " +
    "(SELECT sum(measurements) FROM physiology.hourly) FROM physiology.measurements";
  try {
    await waitFor("the rows", () => {
      const [rows] = server.query("SELECT count(*) FROM physiology.measurements");
      return Number(rows) >= count;
    }, SLOW);
  } catch {
    // The summary shows what is missing.
  }
  return server.query(summary)[0]!;
}

testWithPostgres(
  "log makes a message visible in PostgreSQL within 2 s, a withheld value as NULL",
  async () => {
    await using redis = await startRedis();
    await using server = await startPostgres();
    await using log = startLog(redis, server.url());
    await connected(log, redis);
    const publish = channelOf(redis, "ward");
    const [withheld] = fakeMetrics(0);
    const [measured] = fakeMetrics(4);
    await publish(withheld!);
    const startMs = performance.now();
    for (const envelope of [measured!, fakeStatus(0), fakeRecordingState(0, "visit-7")]) {
      await publish(envelope);
    }
    await waitFor("the row", () => {
      return server.query("SELECT * FROM physiology.recordings").length === 1;
    }, { pollMs: 20 });
    assert(performance.now() - startMs < 2000, `${performance.now() - startMs} ms`);
    assert.deepEqual(
      server.query(
        "SELECT device, sequence, pulse, pulse_withheld, breathing, breathing_withheld, " +
          "hrv_rmssd_ms FROM physiology.measurements ORDER BY sequence",
      ),
      ["ward,0,,warming_up,,warming_up,", "ward,4,72.5,,16.2,,32"],
    );
    log.kill("SIGTERM");
    assert.equal((await log.ended).code, 0, log.stderr);
  },
);

testWithPostgres(
  "log loses and doubles nothing while PostgreSQL is killed and frozen, and itself stopped",
  async () => {
    using folder = temporaryFolder();
    await using redis = await startRedis();
    await using server = await startPostgres();
    const flags = [
      "--devices=ward",
      `--spool_path=${folder.path}/spool`,
      "--flush_interval_ms=100",
    ];
    const subscribed = async () => {
      const client = redis.client();
      await waitFor("the subscription", async () => {
        const [, count] = await client.pubsub("NUMSUB", "ward:core_metrics") as unknown[];
        return count === 1;
      }, SLOW);
      client.disconnect();
    };
    let published = 0;
    const publish = channelOf(redis, "ward");
    /** Publishes until a condition holds. */
    const device = async (until: () => boolean) => {
      const from = published;
      await using running = new FakeDevice(publish, from);
      await waitFor("the condition", () => running.published > from + 20 && until(), SLOW);
      await running[Symbol.asyncDispose]();
      published = running.published;
    };
    {
      await using log = startLog(redis, server.url(), ...flags);
      await subscribed();
      await waitFor("the database", () => log.stderr.includes("Connected to"), SLOW);
      await device(() => server.query("SELECT * FROM physiology.measurements").length > 10);
      await server.kill();
      await device(() => log.stderr.includes("Cannot write to PostgreSQL"));
      log.kill("SIGTERM"); // with rows that wait
      assert.equal((await log.ended).code, 0, log.stderr);
      assert.match(log.stderr, /Stopped logging to the database rows=\d+ waiting=[1-9]/);
    }
    await using log = startLog(redis, server.url(), ...flags);
    await subscribed();
    await device(() => log.stderr.includes("Cannot write to PostgreSQL"));
    await server.restart();
    assert.equal(await rowsOf(server, published), Array(4).fill(published).join(","));
    server.freeze();
    await device(() => log.stderr.includes("it has not responded for 10 s"));
    server.thaw();
    await device(() => log.stderr.split("Connected to").length > 2);
    assert.equal(await rowsOf(server, published), Array(4).fill(published).join(","));
  },
);

testWithPostgres(
  "log ends 8 s after SIGTERM while PostgreSQL is frozen, and writes the rows after the next start",
  async () => {
    using folder = temporaryFolder();
    await using redis = await startRedis();
    await using server = await startPostgres();
    const flags = [`--spool_path=${folder.path}/spool`, "--flush_interval_ms=100"];
    const FIRST = "SELECT min(sequence) FROM physiology.measurements";
    await using device = new FakeDevice(channelOf(redis, "ward"));
    const publish = () => {
      const from = device.published;
      return waitFor("messages", () => device.published > from + 20, SLOW);
    };
    {
      await using log = startLog(redis, server.url(), ...flags);
      await connected(log, redis);
      await publish();
      await waitFor("rows", () => server.query(FIRST)[0] !== "", SLOW);
      server.freeze();
      await publish();
      await device[Symbol.asyncDispose]();
      const startMs = performance.now();
      log.kill("SIGTERM");
      assert.equal((await log.ended).code, 0, log.stderr);
      const seconds = (performance.now() - startMs) / 1000;
      assert.ok(seconds < 12, `${seconds} s`);
      server.thaw();
    }
    await using _log = startLog(redis, server.url(), ...flags);
    const rows = device.published - Number(server.query(FIRST)[0]);
    await waitFor("the rows", () => {
      const [count] = server.query(
        "SELECT count(DISTINCT sequence) FROM physiology.measurements",
      );
      return Number(count) === rows;
    }, SLOW);
  },
);

testWithPostgres("log goes on reading while PostgreSQL is slow", async () => {
  await using redis = await startRedis();
  await using server = await startPostgres();
  await using log = startLog(redis, server.url(), "--flush_interval_ms=100");
  await connected(log, redis);
  // Holds a lock for longer than a transaction may take.
  const blocker = server.run(
    "BEGIN; LOCK TABLE physiology.measurements; SELECT pg_sleep(14); COMMIT;",
  );
  let published: number;
  {
    await using device = new FakeDevice(channelOf(redis, "ward"));
    await waitFor("a time limit", () => log.stderr.includes("Cannot write to PostgreSQL"), SLOW);
    await device[Symbol.asyncDispose]();
    published = device.published;
  }
  await blocker;
  assert.equal(await rowsOf(server, published), Array(4).fill(published).join(","));
});

testWithPostgres(
  "log reads the histories of key-value mode without a gap over its own end and that of Redis",
  async () => {
    await using redis = await startRedis({
      args: ["--appendonly", "yes", "--appendfsync", "always"],
    });
    await using server = await startPostgres();
    const flags = ["--noredis_use_pubsub", "--flush_interval_ms=100"];
    const publish = historyOf(redis, "ward");
    await publish(fakeStatus(0)); // by which a device is discovered
    await using device = new FakeDevice(publish);
    {
      await using log = startLog(redis, server.url(), ...flags);
      await waitFor("the database", () => log.stderr.includes("Connected to"), SLOW);
      await waitFor(
        "rows",
        () => server.query("SELECT * FROM physiology.measurements").length > 20,
        SLOW,
      );
      log.kill("SIGKILL");
    }
    const killed = device.published;
    await waitFor("messages", () => device.published > killed + 20, SLOW);
    await using log = startLog(redis, server.url(), ...flags);
    await waitFor("the database", () => log.stderr.includes("Connected to"), SLOW);
    await redis.kill();
    await redis.restart();
    const restarted = device.published;
    await waitFor("messages", () => device.published > restarted + 20, SLOW);
    await device[Symbol.asyncDispose]();
    const { published } = device;
    assert.equal(await rowsOf(server, published), Array(4).fill(published).join(","));
  },
);

Deno.test("log writes a SQLite file, which Python reads", LIBRARY_LEAVES_TIMERS, async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using redis = await startRedis();
  await using log = startLog(redis, `sqlite:${path}`);
  await connected(log, redis);
  const publish = channelOf(redis, "ward");
  for (const envelope of [0, 4, 9, 9].map((n) => fakeMetrics(n)[0]!)) await publish(envelope);
  const read = (sql: string) => {
    const { success, stdout, stderr } = new Deno.Command(PYTHON, {
      // deno-fmt-ignore
      args: ["-c", "import json, sqlite3, sys\nprint(json.dumps(sqlite3.connect(sys.argv[1])" +
        ".execute(sys.argv[2]).fetchall()))", path, sql],
    }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  await waitFor("the rows", () => read("SELECT * FROM measurements").length === 3);
  assert.deepEqual(
    read(
      "SELECT sequence, pulse, pulse_withheld, hrv_rmssd_ms, time FROM measurements " +
        "ORDER BY time",
    ),
    [
      [0, null, "warming_up", null, 1_767_225_600_000_000],
      [4, 72.5, null, 32, 1_767_225_600_800_000],
      [9, 72.5, null, 32, 1_767_225_601_800_000],
    ],
  );
  assert.deepEqual(read("SELECT * FROM measurements_hourly"), [
    ["ward", "2026-01-01 00:00:00", 3, 2, 72.5, 72.5, 72.5, 2, 16.2, 16.2, 16.2, 32],
  ]);
  assert.deepEqual(read("PRAGMA integrity_check"), [["ok"]]);
  log.kill("SIGTERM");
  assert.equal((await log.ended).code, 0, log.stderr);
  for (const { name } of Deno.readDirSync(folder.path)) {
    assert.equal(Deno.statSync(`${folder.path}/${name}`).mode! & 0o777, 0o600, name);
  }
});

Deno.test("log ends with status 69 if it cannot open its file, and 78 with a newer schema", async () => {
  using folder = temporaryFolder();
  const run = async (path: string) => {
    await using log = new ProgramUnderTest(["log", `--to=sqlite:${path}`, "--redis_port=1"]);
    return await log.ended;
  };
  const missing = await run(`${folder.path}/missing/vitals.db`);
  assert.equal(missing.code, 69, missing.stderr);
  assert.match(missing.stderr, /Cannot open .*vitals\.db: /);
  const newer = `${folder.path}/newer.db`;
  new Deno.Command(PYTHON, {
    // deno-fmt-ignore
    args: ["-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version = 99')",
      newer],
  }).outputSync();
  const refused = await run(newer);
  assert.equal(refused.code, 78, refused.stderr);
  assert.match(refused.stderr, /its schema has version 99/);
});
