import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import { RejectedRowsError } from "../../../src/database/database.ts";
import { PostgresDatabase } from "../../../src/database/postgres.ts";
import { POSTGRES_MIGRATIONS } from "../../../src/database/postgres_schema.ts";
import { rowOf } from "../../../src/database/rows.ts";
import { columnsOf, type Row, TABLE_NAMES } from "../../../src/database/tables.ts";
import { parseTarget, type PostgresTarget } from "../../../src/database/target.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { goldenEnvelopes } from "../../support/golden_envelopes.ts";
import {
  HAS_POSTGRES,
  type PostgresServer,
  startPostgres,
  type StartPostgresOptions,
} from "../../support/postgres_server.ts";

interface OpenOptions {
  readonly user?: string;
  readonly password?: string;
  readonly parameters?: string;
  readonly tlsCaPath?: string;
}

/** Defines a test with a server of its own; it is skipped without PostgreSQL. */
function testWithServer(
  name: string,
  run: (
    server: PostgresServer,
    database: (options?: OpenOptions) => PostgresDatabase,
  ) => Promise<void>,
  options: StartPostgresOptions = {},
): void {
  Deno.test({
    name: HAS_POSTGRES ? name : `${name} (skipped: PostgreSQL is not installed)`,
    ignore: !HAS_POSTGRES,
    fn: async () => {
      await using server = await startPostgres(options);
      await using opened = new AsyncDisposableStack();
      await run(server, ({ user, password = "", parameters = "", tlsCaPath } = {}) => {
        const target = parseTarget(server.url(user) + parameters) as PostgresTarget;
        return opened.use(new PostgresDatabase({ target, password, tlsCaPath, timeoutMs: 3000 }));
      });
    },
  });
}

const goldenRows = () =>
  goldenEnvelopes().map((envelope) =>
    rowOf({
      device: "ward",
      topic: envelope.type,
      envelope: JSON.parse(JSON.stringify(envelope)),
    })
  ).filter((row) => row !== undefined);

testWithServer(
  "PostgresDatabase stores each row once, and adds it up once",
  async (server, open) => {
    const database = open();
    await database.open();
    const rows = goldenRows();
    await database.write([...rows, ...rows]);
    await database.write(rows);
    const read = JSON.parse(
      server.query("SELECT json_agg(m ORDER BY sequence) #>> '{}' FROM physiology.measurements m")
        .join("").replace(/^"|"$/g, "").replaceAll('""', '"'),
    ) as Record<string, unknown>[];
    const expected = rows.flatMap(({ table, values }) => table === "measurements" ? [values] : []);
    assert.deepEqual(
      read.map(({ time, ...others }) => ({ ...others, time: microseconds(String(time)) })),
      expected.map(({ time, ...others }) => ({ ...others, time })),
    );
    assert.deepEqual(
      server.query("SELECT time, recording, session_id FROM physiology.recordings"),
      [
        "2026-01-01 00:00:00+00,t,golden",
        "2026-01-01 00:00:15+00,f,",
      ],
    );
    assert.deepEqual(server.query("SELECT time, code, name, session_id FROM physiology.statuses"), [
      "2026-01-01 00:00:00+00,1,NO_FACES_FOUND,",
      "2026-01-01 00:00:00.2+00,0,OK,golden",
    ]);
    const pulses = expected.flatMap(({ pulse }) => pulse === null ? [] : [pulse]);
    const mean = pulses.reduce((sum, pulse) => sum + pulse, 0) / pulses.length;
    assert.deepEqual(
      server.query(
        "SELECT measurements, pulse_count, round(pulse_mean::numeric, 6), pulse_min, pulse_max " +
          "FROM physiology.measurements_hourly",
      ),
      [[
        ...[expected.length, pulses.length, mean.toFixed(6)],
        ...[Math.min(...pulses), Math.max(...pulses)],
      ].join(",")],
    );
    assert.deepEqual(await database.newestTimes(), new Map([["ward", FAKE_START_US + 14_800_000]]));
  },
);

/** Converts a time as PostgreSQL writes it in JSON, with microseconds. */
function microseconds(time: string): number {
  const [, seconds = "", fraction = ""] = /^(.*?\d\d:\d\d:\d\d)(?:\.(\d+))?\+00:00$/.exec(time)!;
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
}

testWithServer("PostgresDatabase has the documented columns", async (server, open) => {
  await open().open();
  for (const table of TABLE_NAMES) {
    const columns = server.query(
      `SELECT column_name, is_nullable FROM information_schema.columns
      WHERE table_schema = 'physiology' AND table_name = '${table}' ORDER BY ordinal_position`,
    );
    assert.deepEqual(
      columns,
      columnsOf(table).map(([name, { nullable }]) =>
        `${name},${nullable === false ? "NO" : "YES"}`
      ),
    );
  }
});

testWithServer("PostgresDatabase stores times to the microsecond", async (server, open) => {
  const database = open();
  await database.open();
  const times = [946_684_800_000_001, 1_767_225_600_123_457, 4_102_444_799_999_999];
  await database.write(times.map((time, sequence) => measurementRow(sequence, { time })));
  const read = server.query("SELECT to_json(time) FROM physiology.measurements ORDER BY sequence");
  assert.deepEqual(read.map((time) => microseconds(time.replaceAll('"', ""))), times);
});

testWithServer(
  "PostgresDatabase notices a frozen server, and goes on after it",
  async (server, open) => {
    const database = open();
    await database.open();
    server.freeze();
    const startMs = performance.now();
    await assert.rejects(database.write([measurementRow(1)]), /it has not responded for 3 s/);
    await assert.rejects(database.open(), /it has not responded for 3 s|CONNECT_TIMEOUT/);
    assert(performance.now() - startMs < 15_000);
    server.thaw();
    await database.open();
    await database.write([measurementRow(1), measurementRow(2)]);
    assert.deepEqual(server.query("SELECT count(*) FROM physiology.measurements"), ["2"]);
  },
);

testWithServer("PostgresDatabase goes on after the server was killed", async (server, open) => {
  const database = open();
  await database.open();
  await database.write([measurementRow(1)]);
  await server.kill();
  await assert.rejects(database.write([measurementRow(2)]));
  await assert.rejects(database.open(), /ECONNREFUSED/);
  await server.restart();
  await database.open();
  await database.write([measurementRow(2)]);
  assert.deepEqual(server.query("SELECT count(*) FROM physiology.measurements"), ["2"]);
});

testWithServer("PostgresDatabase migrates an older schema, with its rows", async (server, open) => {
  server.query("CREATE SCHEMA physiology");
  server.query(
    "CREATE TABLE physiology.schema_version (version integer PRIMARY KEY, " +
      "applied timestamptz NOT NULL DEFAULT now())",
  );
  server.query(POSTGRES_MIGRATIONS[0]!);
  server.query("INSERT INTO physiology.schema_version (version) VALUES (1)");
  server.query(
    "INSERT INTO physiology.measurements (device, time, boot_id, sequence, pulse) SELECT 'old', " +
      "timestamptz '2026-01-01 00:59:59+00' + n * interval '1 s', 'a', n, 70 + n " +
      "FROM generate_series(0, 2) n",
  );
  await Promise.all([open().open(), open().open()]); // two loggers at once
  assert.deepEqual(server.query("SELECT version FROM physiology.schema_version"), ["1", "2"]);
  assert.deepEqual(
    server.query("SELECT hour, measurements, pulse_mean FROM physiology.measurements_hourly"),
    ["2026-01-01 00:00:00+00,1,70", "2026-01-01 01:00:00+00,2,71.5"],
  );
});

testWithServer("PostgresDatabase refuses the schema of a newer program", async (server, open) => {
  await open().open();
  server.query("INSERT INTO physiology.schema_version (version) VALUES (99)");
  await assert.rejects(open().open(), (error) => {
    assert(error instanceof ConfigError);
    return /its schema has version 99/.test(error.message);
  });
});

testWithServer(
  "PostgresDatabase needs no right to create tables once they exist",
  async (server, open) => {
    server.query("CREATE ROLE writer LOGIN");
    await assert.rejects(open({ user: "writer" }).open(), /permission denied for database/);
    await open().open();
    server.query("GRANT USAGE ON SCHEMA physiology TO writer");
    server.query("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA physiology TO writer");
    const database = open({ user: "writer" });
    await database.open();
    await database.write([measurementRow(1)]);
    await assert.rejects(
      database.expire({ beforeUs: 1, hourlyBeforeUs: 1 }),
      /permission denied for table measurements \(42501\)/,
    );
  },
);

testWithServer(
  "PostgresDatabase deletes what is older than its retention",
  async (server, open) => {
    const database = open();
    await database.open();
    const old: Row[] = [
      measurementRow(0),
      measurementRow(1),
      {
        table: "recordings",
        values: {
          device: "ward",
          time: FAKE_START_US,
          recording: true,
          session_id: null,
          resumed: null,
        },
      },
    ];
    await database.write(old);
    server.query( // more than are deleted at once
      "INSERT INTO physiology.measurements (device, time, boot_id, sequence) SELECT 'x', " +
        "'2025-12-31', 'a', n FROM generate_series(1, 25000) n",
    );
    await database.expire({ beforeUs: FAKE_START_US + 200_000, hourlyBeforeUs: undefined });
    assert.deepEqual(server.query("SELECT sequence FROM physiology.measurements"), ["1"]);
    assert.deepEqual(server.query("SELECT * FROM physiology.recordings"), []);
    assert.deepEqual(server.query("SELECT measurements FROM physiology.hourly"), ["2"]);
    await database.expire({ beforeUs: undefined, hourlyBeforeUs: FAKE_START_US + 1 });
    assert.deepEqual(server.query("SELECT * FROM physiology.hourly"), []);
  },
);

testWithServer(
  "PostgresDatabase keeps its connection when rows are rejected",
  async (server, open) => {
    const database = open();
    await database.open();
    const huge = (sequence: number) => measurementRow(sequence, { pulse: 1.7e308 });
    await assert.rejects(database.write([huge(1), huge(2)]), RejectedRowsError);
    await database.write([huge(1)]);
    await assert.rejects(database.write([huge(2)]), RejectedRowsError);
    await database.write([measurementRow(3, { pulse: 72 })]);
    assert.deepEqual(server.query("SELECT sequence FROM physiology.measurements"), ["1", "3"]);
  },
);

testWithServer(
  "PostgresDatabase stores rows once that two loggers write at the same time",
  async (server, open) => {
    const databases = [open(), open()];
    for (const database of databases) await database.open();
    for (let batch = 0; batch < 20; batch++) {
      const rows = Array.from({ length: 100 }, (_, n) => measurementRow(100 * batch + n));
      await Promise.all([databases[0]!.write(rows), databases[1]!.write(rows.toReversed())]);
    }
    assert.deepEqual(server.query("SELECT count(*) FROM physiology.measurements"), ["2000"]);
    assert.deepEqual(server.query("SELECT sum(measurements) FROM physiology.hourly"), ["2000"]);
  },
);

testWithServer("PostgresDatabase logs in with a password", async (server, open) => {
  server.query("CREATE ROLE logger LOGIN PASSWORD 'owl-7'");
  server.query("GRANT CREATE ON DATABASE postgres TO logger");
  await open({ user: "logger", password: "owl-7" }).open();
  await assert.rejects(
    open({ user: "logger", password: "owl-8" }).open(),
    /password authentication failed for user "logger" \(28P01\)/,
  );
}, { auth: "scram-sha-256" });

testWithServer("PostgresDatabase refuses a server without TLS", async (_server, open) => {
  await assert.rejects(open({ parameters: "?sslmode=verify-full" }).open());
});

Deno.test({
  name: HAS_POSTGRES
    ? "PostgresDatabase verifies the certificate and its name"
    : "PostgresDatabase verifies the certificate (skipped: PostgreSQL is not installed)",
  ignore: !HAS_POSTGRES,
  fn: async () => {
    using folder = temporaryFolder();
    const { ca, server: valid, otherName, expired, unknownCa } = makeCertificates(folder.path);
    const open = async (server: PostgresServer, host: string, tlsCaPath?: string) => {
      const url = server.url().replace("127.0.0.1", host) + "?sslmode=verify-full";
      const target = parseTarget(url) as PostgresTarget;
      await using database = new PostgresDatabase({
        ...{ target, password: "", tlsCaPath, timeoutMs: 5000 },
      });
      await database.open();
    };
    {
      await using server = await startPostgres({ tls: valid });
      await open(server, "localhost", ca);
      await open(server, "127.0.0.1", ca);
      await assert.rejects(open(server, "localhost", unknownCa), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
      await assert.rejects(open(server, "localhost"), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
      assert.match(
        server.query("SELECT count(*) FROM physiology.schema_version")[0]!,
        /^2$/,
      );
    }
    for (
      const [pair, reason] of [[otherName, /ERR_TLS_CERT_ALTNAME_INVALID/], [
        expired,
        /CERT_HAS_EXPIRED/,
      ]] as const
    ) {
      await using server = await startPostgres({ tls: pair });
      await assert.rejects(open(server, "localhost", ca), reason);
    }
  },
});
