import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Database } from "../../../src/database/database.ts";
import { InfluxDatabase } from "../../../src/database/influx_http.ts";
import { PostgresDatabase } from "../../../src/database/postgres.ts";
import { SqliteDatabase } from "../../../src/database/sqlite.ts";
import { TABLE_NAMES, TABLES } from "../../../src/database/tables.ts";
import {
  type InfluxTarget,
  parseTarget,
  type PostgresTarget,
} from "../../../src/database/target.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HAS_INFLUX, InfluxServer } from "../../support/influx_server.ts";
import { HAS_POSTGRES, startPostgres } from "../../support/postgres_server.ts";

const PAGE = Deno.readTextFileSync(new URL("../../../docs/DATABASE.md", import.meta.url));
const QUERIES = [...PAGE.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, query = ""]) => query.trim());
const [PULSE, SESSIONS, HOURS, IN_SQLITE, IN_INFLUXQL] = QUERIES as [
  ...[string, string, string, string, string],
];

/** Stores a session of four messages, of which the third is withheld. */
async function store(database: Database): Promise<void> {
  await database.open();
  await database.write([70, 71, null, 72].map((pulse, sequence) =>
    measurementRow(sequence, {
      device: "ward-1",
      session_id: "visit-7",
      pulse,
      pulse_confidence: pulse === null ? null : 0.95,
      pulse_withheld: pulse === null ? "motion" : null,
      breathing: 15,
    })
  ));
}

Deno.test("DATABASE.md has five queries, and every table and column", () => {
  assert.equal(QUERIES.length, 5);
  for (const table of TABLE_NAMES) {
    for (const name of [table, ...Object.keys(TABLES[table].columns)]) {
      assert(PAGE.includes(`\`${name}\``), `${table}: ${name}`);
    }
  }
});

Deno.test({
  name: HAS_POSTGRES
    ? "DATABASE.md has queries that PostgreSQL answers"
    : "DATABASE.md has queries for PostgreSQL (skipped: it is not installed)",
  ignore: !HAS_POSTGRES,
  fn: async () => {
    await using server = await startPostgres();
    const target = parseTarget(server.url()) as PostgresTarget;
    await using database = new PostgresDatabase({ target, password: "" });
    await store(database);
    assert.deepEqual(server.query(PULSE), [
      "2026-01-01 00:00:00+00,ward-1,70,0.95",
      "2026-01-01 00:00:00.2+00,ward-1,71,0.95",
      "2026-01-01 00:00:00.4+00,ward-1,,",
      "2026-01-01 00:00:00.6+00,ward-1,72,0.95",
    ]);
    assert.deepEqual(server.query(SESSIONS), [
      "visit-7,measured,3,75.0",
      "visit-7,motion,1,25.0",
    ]);
    assert.deepEqual(server.query(HOURS), ["2026-01-01 00:00:00+00,71,70,72,15,,75.0"]);
  },
});

Deno.test("DATABASE.md has a query that SQLite answers", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using database = new SqliteDatabase(path);
  await store(database);
  const reader = new DatabaseSync(path, { readOnly: true });
  try {
    assert.deepEqual(reader.prepare(IN_SQLITE).all().map((row) => Object.values(row)), [
      ["2026-01-01 00:00:00.000", 70, 0.95],
      ["2026-01-01 00:00:00.200", 71, 0.95],
      ["2026-01-01 00:00:00.400", null, null],
      ["2026-01-01 00:00:00.600", 72, 0.95],
    ]);
  } finally {
    reader.close();
  }
});

Deno.test({
  name: HAS_INFLUX
    ? "DATABASE.md has a query that InfluxDB answers"
    : "DATABASE.md has a query for InfluxDB (skipped: it is not installed)",
  ignore: !HAS_INFLUX,
  fn: async () => {
    await using server = await InfluxServer.start();
    const url = `influx+http://127.0.0.1:${server.port}/?db=vitals`;
    await using database = new InfluxDatabase({
      target: parseTarget(url) as InfluxTarget,
      token: "",
    });
    await store(database);
    assert.deepEqual(await server.query(IN_INFLUXQL), [[1_767_225_600_000_000_000, 71]]);
  },
});
