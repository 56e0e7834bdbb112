import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import {
  type Database,
  RejectedRowsError,
  type Retention,
} from "../../../src/database/database.ts";
import { DatabaseLogger } from "../../../src/database/database_logger.ts";
import { RowQueue, type RowQueueOptions } from "../../../src/database/row_queue.ts";
import type { Row } from "../../../src/database/tables.ts";
import type { SpoolRecord } from "../../../src/delivery/spool/record.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { fixedRandom } from "../../support/fixed_random.ts";
import { ManualClock } from "../../support/manual_clock.ts";

/** A database in memory, whose failures a test sets. */
class FakeDatabase implements Database {
  readonly batches: number[][] = [];
  readonly retentions: Retention[] = [];
  opens = 0;
  openFailure: Error | undefined;
  writeFailure: ((rows: readonly Row[]) => Error | undefined) | undefined;
  /** What a write waits for. */
  delay: (() => Promise<void>) | undefined;
  /** Rejects if this is disposed. */
  readonly disposed = Promise.withResolvers<never>();

  // deno-lint-ignore require-await
  async open(): Promise<void> {
    this.opens++;
    if (this.openFailure) throw this.openFailure;
  }
  async write(rows: readonly Row[]): Promise<void> {
    await this.delay?.();
    const failure = this.writeFailure?.(rows);
    if (failure) throw failure;
    this.batches.push(rows.map(({ values }) => "sequence" in values ? values.sequence : -1));
  }
  newestTimes() {
    return Promise.resolve(new Map([["ward", 7]]));
  }
  expire(retention: Retention): Promise<void> {
    this.retentions.push(retention);
    return Promise.resolve();
  }
  [Symbol.asyncDispose]() {
    this.disposed.promise.catch(() => {});
    this.disposed.reject(new Error("it is closed"));
    return Promise.resolve();
  }
}

/** A spool in memory, whose failure a test sets. */
function fakeSpool() {
  const records: SpoolRecord[] = [];
  return {
    records,
    isFull: false,
    get length() {
      return records.length;
    },
    // deno-lint-ignore require-await
    async append(added: readonly SpoolRecord[]) {
      if (this.isFull) throw new Error("no space");
      records.push(...added);
    },
    peek: (count: number) => Promise.resolve(records.slice(0, count)),
    remove(count: number) {
      records.splice(0, count);
      return Promise.resolve();
    },
  };
}

function start(
  {
    retentionDays = 0,
    hourlyRetentionDays = 0,
    openFailure,
    flushIntervalMs = 1000,
    spool,
    isStopped = false,
  }: {
    retentionDays?: number;
    hourlyRetentionDays?: number;
    openFailure?: Error;
    flushIntervalMs?: number;
    spool?: RowQueueOptions["spool"];
    /** Whether it was stopped before it runs. */
    isStopped?: boolean;
  } = {},
) {
  const database = new FakeDatabase();
  database.openFailure = openFailure;
  const clock = new ManualClock();
  const log = new CollectingLog();
  const queue = new RowQueue({ maxRows: 100, spool, onDrop: () => {} });
  const logger = new DatabaseLogger({
    ...{ database, name: "the database", queue, clock, log, retentionDays, hourlyRetentionDays },
    ...{ flushIntervalMs, batchRows: 3 },
  });
  const stop = new AbortController();
  if (isStopped) stop.abort();
  const running = logger.run(stop.signal);
  running.catch(() => {});
  return {
    ...{ database, clock, log, queue, logger, running },
    take(from: number, to = from) {
      for (let sequence = from; sequence <= to; sequence++) {
        const payload = { metadata: { sequence, boot_id: "a" } };
        const envelope = { type: "core_metrics", timestamp: FAKE_START_US, payload };
        logger.take({ device: "ward", topic: "core_metrics", envelope });
      }
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}

Deno.test("DatabaseLogger writes what waits at each interval, in batches", async () => {
  const run = start();
  await run.clock.advance(0);
  assert.deepEqual(await run.logger.opened, new Map([["ward", 7]]));
  run.take(1, 7);
  await run.clock.advance(999);
  assert.deepEqual(run.database.batches, []);
  await run.clock.advance(1);
  assert.deepEqual(run.database.batches, [[1, 2, 3], [4, 5, 6], [7]]);
  await run.clock.advance(5000);
  assert.equal(run.database.opens, 1);
  await run.stop();
});

Deno.test("DatabaseLogger writes what waits at the stop", async () => {
  const run = start();
  await run.clock.advance(0);
  run.take(1, 4);
  await run.stop();
  assert.deepEqual(run.database.batches, [[1, 2, 3], [4]]);
  assert.equal(run.log.linesWith("Stopped logging to the database rows=4 waiting=0").length, 1);
});

Deno.test("DatabaseLogger tries again within 2 s, and loses and doubles nothing", async () => {
  const run = start();
  await run.clock.advance(0);
  run.database.writeFailure = () => new Error("it is away");
  run.take(1, 4);
  await run.clock.advance(20_000);
  assert.deepEqual(run.database.batches, []);
  const attempts = run.database.opens;
  assert(attempts >= 10 && attempts <= 30, String(attempts));
  run.database.writeFailure = undefined;
  await run.clock.advance(2000);
  assert.deepEqual(run.database.batches, [[1, 2, 3], [4]]);
  assert.equal(run.log.linesWith("Cannot write to the database: it is away").length, 1);
  assert.equal(run.log.linesWith("Connected to the database").length, attempts + 1);
  await run.stop();
});

Deno.test("DatabaseLogger drops only the rows that the database rejects", async () => {
  const run = start();
  await run.clock.advance(0);
  run.database.writeFailure = (rows) =>
    rows.some(({ values }) => "sequence" in values && values.sequence === 2)
      ? new RejectedRowsError("out of range")
      : undefined;
  run.take(1, 4);
  await run.clock.advance(1000);
  assert.deepEqual(run.database.batches, [[1], [3], [4]]);
  assert.equal(run.queue.length, 0);
  assert.match(run.log.linesWith("Dropped a row")[0]!, /reason="out of range" total=1/);
  await run.stop();
});

Deno.test("DatabaseLogger ends with an error that only the operator can solve", async () => {
  const run = start({ openFailure: new ConfigError("a newer schema") });
  await run.clock.advance(0);
  await assert.rejects(run.running, ConfigError);
  await assert.rejects(run.logger.opened, ConfigError);
});

Deno.test("DatabaseLogger deletes old rows at the start and every 10 minutes", async () => {
  const run = start({ retentionDays: 2 });
  await run.clock.advance(0);
  const day = 86_400_000_000;
  assert.deepEqual(run.database.retentions, [{
    beforeUs: run.clock.monotonicUs() - 2 * day,
    hourlyBeforeUs: undefined,
  }]);
  await run.clock.advance(599_000);
  assert.equal(run.database.retentions.length, 1);
  await run.clock.advance(2000);
  assert.equal(run.database.retentions.length, 2);
  await run.stop();
});

Deno.test("DatabaseLogger deletes nothing without a retention", async () => {
  const run = start();
  await run.clock.advance(1_300_000);
  assert.deepEqual(run.database.retentions, []);
  await run.stop();
});

Deno.test("DatabaseLogger deletes hourly rows by their own retention", async () => {
  const run = start({ hourlyRetentionDays: 0.5 });
  await run.clock.advance(0);
  assert.deepEqual(run.database.retentions, [{
    beforeUs: undefined,
    hourlyBeforeUs: run.clock.monotonicUs() - 43_200_000_000,
  }]);
  await run.stop();
});

Deno.test("DatabaseLogger doubles the delay after each failure, up to 2 s, and starts again", async () => {
  using _random = fixedRandom(0); // half of the full delay
  const run = start({ openFailure: new Error("it is away") });
  const opensAfter = async (ms: number) => {
    await run.clock.advance(ms);
    return run.database.opens;
  };
  assert.deepEqual(
    [await opensAfter(0), await opensAfter(499), await opensAfter(1)],
    [1, 1, 2],
  );
  for (const opens of [2, 3, 4]) {
    assert.deepEqual([await opensAfter(999), await opensAfter(1)], [opens, opens + 1]);
  }
  run.database.openFailure = undefined;
  await run.clock.advance(1000);
  run.database.writeFailure = () => new Error("it is away");
  run.take(1);
  await run.clock.advance(1000);
  assert.deepEqual([await opensAfter(499), await opensAfter(1)], [6, 7]);
  await run.stop();
});

Deno.test("DatabaseLogger tries again within 2 s if its interval is longer", async () => {
  using _random = fixedRandom(0.999);
  const run = start({ flushIntervalMs: 5000, openFailure: new Error("it is away") });
  await run.clock.advance(1900);
  assert.equal(run.database.opens, 1);
  await run.clock.advance(100);
  assert.equal(run.database.opens, 2);
  await run.stop();
});

Deno.test("DatabaseLogger moves what waits to the spool while the database is away", async () => {
  const spool = fakeSpool();
  const run = start({ spool });
  await run.clock.advance(0);
  run.database.writeFailure = () => new Error("it is away");
  run.take(1, 4);
  await run.clock.advance(1000);
  assert.equal(spool.length, 4);
  run.database.writeFailure = undefined;
  await run.clock.advance(1000);
  assert.deepEqual(run.database.batches, [[1, 2, 3], [4]]);
  assert.equal(spool.length, 0);
  await run.stop();
});

Deno.test("DatabaseLogger reports a spool that is full, and keeps the rows in memory", async () => {
  const spool = fakeSpool();
  spool.isFull = true;
  const run = start({ spool });
  await run.clock.advance(0);
  run.database.writeFailure = () => new Error("it is away");
  run.take(1, 4);
  await run.clock.advance(1000);
  assert.equal(run.log.linesWith("Cannot write to the spool: no space").length, 1);
  run.database.writeFailure = undefined;
  await run.clock.advance(1000);
  assert.deepEqual(run.database.batches, [[1, 2, 3], [4]]);
  await run.stop();
});

Deno.test("DatabaseLogger writes for 5 s after the stop, and moves the others to the spool", async () => {
  const spool = fakeSpool();
  const run = start({ spool });
  await run.clock.advance(0);
  run.take(1, 20);
  run.database.delay = () => run.clock.advance(1000);
  await run.stop();
  // The time is over after the batch that ends later than 5 s.
  assert.deepEqual(run.database.batches.flat(), Array.from({ length: 18 }, (_, n) => n + 1));
  assert.equal(spool.length, 2);
  assert.equal(run.log.linesWith("Stopped logging to the database rows=18 waiting=2").length, 1);
});

Deno.test("DatabaseLogger ends a long series of writes at the stop", async () => {
  const run = start();
  await run.clock.advance(0);
  run.take(1, 20);
  const stopping = Promise.withResolvers<Promise<void>>();
  run.database.delay = async () => {
    run.database.delay = () => run.clock.advance(1000);
    await Promise.resolve();
    stopping.resolve(run.stop());
  };
  await run.clock.advance(1000);
  await (await stopping.promise);
  // One batch until the stop, and six within its time.
  assert.equal(run.database.batches.length, 7);
});

Deno.test("DatabaseLogger closes a database that has not responded 8 s after the stop, and keeps the rows", async () => {
  const spool = fakeSpool();
  const run = start({ spool });
  await run.clock.advance(0);
  run.take(1, 4);
  run.database.delay = () => run.database.disposed.promise;
  await run.clock.advance(1000);
  let isStopped = false;
  const stopped = run.stop().then(() => isStopped = true);
  await run.clock.advance(7999);
  assert.equal(isStopped, false);
  await run.clock.advance(1);
  await stopped;
  assert.equal(spool.length, 4);
  assert.equal(run.database.opens, 1, "it is not opened again");
  assert.equal(run.log.linesWith("Stopped logging to the database rows=0 waiting=4").length, 1);
});

Deno.test("DatabaseLogger closes a database that has not responded 8 s after a stop before the start", async () => {
  const run = start({ isStopped: true });
  run.database.delay = () => run.database.disposed.promise;
  run.take(1);
  await run.clock.advance(8000);
  await run.running;
  assert.equal(run.queue.length, 1);
});

Deno.test("DatabaseLogger leaves nothing that sleeps after the stop", async () => {
  const run = start();
  await run.clock.advance(0);
  await run.stop();
  assert.equal(run.clock.sleepers, 0);
});
