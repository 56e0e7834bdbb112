import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import {
  type Database,
  RejectedRowsError,
  type Retention,
} from "../../../src/database/database.ts";
import { DatabaseLogger } from "../../../src/database/database_logger.ts";
import { RowQueue } from "../../../src/database/row_queue.ts";
import type { Row } from "../../../src/database/tables.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { ManualClock } from "../../support/manual_clock.ts";

/** A database in memory, whose failures a test sets. */
class FakeDatabase implements Database {
  readonly batches: number[][] = [];
  readonly retentions: Retention[] = [];
  opens = 0;
  openFailure: Error | undefined;
  writeFailure: ((rows: readonly Row[]) => Error | undefined) | undefined;

  // deno-lint-ignore require-await
  async open(): Promise<void> {
    this.opens++;
    if (this.openFailure) throw this.openFailure;
  }
  // deno-lint-ignore require-await
  async write(rows: readonly Row[]): Promise<void> {
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
    return Promise.resolve();
  }
}

function start(
  { retentionDays = 0, hourlyRetentionDays = 0, openFailure }: {
    retentionDays?: number;
    hourlyRetentionDays?: number;
    openFailure?: Error;
  } = {},
) {
  const database = new FakeDatabase();
  database.openFailure = openFailure;
  const clock = new ManualClock();
  const log = new CollectingLog();
  const queue = new RowQueue({ maxRows: 100, onDrop: () => {} });
  const logger = new DatabaseLogger({
    ...{ database, name: "the database", queue, clock, log, retentionDays, hourlyRetentionDays },
    ...{ flushIntervalMs: 1000, batchRows: 3 },
  });
  const stop = new AbortController();
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
