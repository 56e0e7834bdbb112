import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ConfigError } from "../../../src/base/errors.ts";
import { SqliteDatabase } from "../../../src/database/sqlite.ts";
import { SQLITE_MIGRATIONS } from "../../../src/database/sqlite_schema.ts";
import { columnsOf, type Row, TABLE_NAMES } from "../../../src/database/tables.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { fillDisk, temporaryFolder, testWithSmallDisk } from "../../support/folders.ts";

/** Returns the rows of a query in a file, as arrays. */
function query(path: string, sql: string): unknown[][] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(sql).all().map((row) => Object.values(row));
  } finally {
    database.close();
  }
}

Deno.test("SqliteDatabase stores each row once, and adds it up once", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  const rows = [
    measurementRow(1, { pulse: 70, apnea: true }),
    measurementRow(2),
    measurementRow(3, { pulse: 75, breathing: 15, hrv_rmssd_ms: 30 }),
  ];
  await database.write([...rows, rows[0]!]);
  await database.write(rows);
  await database.write([measurementRow(4, { breathing: 14 })]);
  assert.deepEqual(
    query(path, "SELECT sequence, pulse, breathing, apnea FROM measurements ORDER BY sequence"),
    [[1, 70, null, 1], [2, null, null, null], [3, 75, 15, null], [4, null, 14, null]],
  );
  assert.deepEqual(query(path, "SELECT * FROM measurements_hourly"), [
    ["ward", "2026-01-01 00:00:00", 4, 2, 72.5, 70, 75, 2, 14.5, 14, 15, 30],
  ]);
  assert.deepEqual(await database.newestTimes(), new Map([["ward", FAKE_START_US + 800_000]]));
});

Deno.test("SqliteDatabase has the documented columns", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  for (const table of TABLE_NAMES) {
    assert.deepEqual(
      query(path, `SELECT name, "notnull" FROM pragma_table_info('${table}')`),
      columnsOf(table).map(([name, { nullable }]) => [name, nullable === false ? 1 : 0]),
    );
  }
});

Deno.test("SqliteDatabase migrates an older schema, with its rows, and refuses a newer one", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  const old = new DatabaseSync(path);
  old.exec(SQLITE_MIGRATIONS[0]!);
  old.exec("PRAGMA user_version = 1");
  old.exec(
    `INSERT INTO measurements (device, time, boot_id, sequence, pulse)
    VALUES ('old', ${FAKE_START_US}, 'a', 1, 70), ('old', ${FAKE_START_US + 1}, 'a', 2, 71)`,
  );
  old.close();
  await using database = new SqliteDatabase(path);
  await database.open();
  await database.write([measurementRow(3, { device: "old", pulse: 75 })]);
  assert.deepEqual(
    query(path, "SELECT measurements, pulse_mean FROM measurements_hourly"),
    [[3, 72]],
  );
  const newer = new DatabaseSync(path);
  newer.exec("PRAGMA user_version = 99");
  newer.close();
  await assert.rejects(database.open(), ConfigError);
  // The file is closed, so that the log beside it is gone.
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["vitals.db"]);
});

Deno.test("SqliteDatabase fails soon while another process holds the lock, and goes on after it", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const startMs = performance.now();
  await assert.rejects(database.write([measurementRow(1)]), /database is locked/);
  assert(performance.now() - startMs < 1000);
  other.exec("COMMIT");
  other.close();
  await database.open();
  await database.write([measurementRow(1)]);
  assert.equal(query(path, "SELECT * FROM measurements").length, 1);
});

Deno.test("SqliteDatabase hides an existing file from other users", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await Deno.writeFile(path, new Uint8Array(), { mode: 0o644 });
  await using database = new SqliteDatabase(path);
  await database.open();
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
});

Deno.test("SqliteDatabase deletes what is older than its retention, and returns the space", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  const rows: Row[] = Array.from({ length: 5000 }, (_, sequence) => measurementRow(sequence));
  await database.write(rows);
  const pages = () => Number(query(path, "PRAGMA page_count")[0]![0]);
  const before = pages();
  await database.expire({
    beforeUs: FAKE_START_US + 4990 * 200_000,
    hourlyBeforeUs: undefined,
  });
  assert.deepEqual(query(path, "SELECT count(*), min(sequence) FROM measurements"), [[10, 4990]]);
  assert(pages() < before / 4, `${pages()} of ${before} pages`);
  assert.deepEqual(query(path, "SELECT measurements FROM hourly"), [[5000]]);
  await database.expire({ beforeUs: undefined, hourlyBeforeUs: FAKE_START_US + 1 });
  assert.deepEqual(query(path, "SELECT measurements FROM hourly"), []);
});

Deno.test("SqliteDatabase writes only between open() and its disposal, also after it was opened twice", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  const database = new SqliteDatabase(path);
  await assert.rejects(database.write([measurementRow(1)]), /the file is closed/);
  await database.open();
  await database.open();
  await database.write([measurementRow(1)]);
  await database[Symbol.asyncDispose]();
  await assert.rejects(database.write([measurementRow(2)]), /the file is closed/);
  // The last connection has removed the log of the file.
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["vitals.db"]);
  assert.deepEqual(query(path, "SELECT sequence FROM measurements"), [[1]]);
});

Deno.test("SqliteDatabase stores all rows of a write or none", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  const invalid = measurementRow(2, { session_id: {} as string });
  await assert.rejects(database.write([measurementRow(1), invalid]), /^AppError: /);
  assert.deepEqual(query(path, "SELECT count(*) FROM measurements"), [[0]]);
  await database.open();
  await database.write([measurementRow(1)]);
  assert.deepEqual(query(path, "SELECT count(*) FROM measurements"), [[1]]);
});

Deno.test("SqliteDatabase stores statuses and recordings once", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  const common = { device: "ward", time: FAKE_START_US, session_id: "visit-7" };
  const rows: Row[] = [
    { table: "statuses", values: { ...common, code: 0, name: "OK", message: "Measuring." } },
    { table: "recordings", values: { ...common, recording: true, resumed: false } },
  ];
  await database.write([...rows, ...rows]);
  await database.write(rows);
  assert.deepEqual(query(path, "SELECT * FROM statuses"), [
    ["ward", FAKE_START_US, 0, "OK", "Measuring.", "visit-7"],
  ]);
  assert.deepEqual(query(path, "SELECT * FROM recordings"), [
    ["ward", FAKE_START_US, 1, "visit-7", 0],
  ]);
});

Deno.test("SqliteDatabase.newestTimes() leaves a device out whose measurements are deleted", async () => {
  using folder = temporaryFolder();
  await using database = new SqliteDatabase(`${folder.path}/vitals.db`);
  await database.open();
  await database.write([
    measurementRow(1, { device: "a" }),
    measurementRow(2, { device: "b" }),
    measurementRow(3, { device: "b" }),
  ]);
  await database.expire({ beforeUs: FAKE_START_US + 300_000, hourlyBeforeUs: undefined });
  assert.deepEqual(await database.newestTimes(), new Map([["b", FAKE_START_US + 600_000]]));
});

Deno.test("SqliteDatabase.expire() deletes the oldest of each table, a part at a time", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  const statuses: Row[] = [0, 1].map((n) => ({
    table: "statuses",
    values: {
      ...{ device: "ward", time: FAKE_START_US + n, session_id: null, code: n },
      ...{ name: null, message: null },
    },
  }));
  const measurements = Array.from({ length: 6000 }, (_, sequence) => measurementRow(sequence));
  await database.write([...measurements, ...statuses]);
  const counts = () =>
    query(
      path,
      "SELECT (SELECT count(*) FROM measurements), (SELECT min(sequence) FROM measurements), " +
        "(SELECT count(*) FROM statuses)",
    )[0];
  const retention = { beforeUs: FAKE_START_US + 1, hourlyBeforeUs: undefined };
  await database.expire(retention);
  assert.deepEqual(counts(), [5999, 1, 1]);
  const later = { beforeUs: FAKE_START_US + 5999 * 200_000, hourlyBeforeUs: undefined };
  await database.expire(later);
  const [left, oldest] = counts() as [number, number];
  assert(left > 1 && left < 5999, String(left));
  assert.equal(oldest, 6000 - left);
  await database.expire(later);
  assert.deepEqual(counts(), [1, 5999, 0]);
});

Deno.test("SqliteDatabase fails if its folder is missing", async () => {
  using folder = temporaryFolder();
  await using database = new SqliteDatabase(`${folder.path}/missing/vitals.db`);
  await assert.rejects(database.open(), /^AppError: /);
});

testWithSmallDisk("SqliteDatabase goes on after its disk was full", async (folder) => {
  const path = `${folder}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await database.open();
  await database.write([measurementRow(0)]);
  fillDisk(`${folder}/other`);
  const rows = Array.from({ length: 2000 }, (_, sequence) => measurementRow(sequence));
  await assert.rejects(database.write(rows), /disk is full|disk I\/O error/);
  Deno.removeSync(`${folder}/other`);
  await database.open();
  await database.write(rows);
  assert.deepEqual(query(path, "SELECT count(*) FROM measurements"), [[2000]]);
  assert.deepEqual(query(path, "SELECT measurements FROM hourly"), [[2000]]);
  assert.deepEqual(query(path, "PRAGMA integrity_check"), [["ok"]]);
});
