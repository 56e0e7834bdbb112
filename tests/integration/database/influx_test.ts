import assert from "node:assert/strict";
import { RejectedRowsError } from "../../../src/database/database.ts";
import { InfluxDatabase } from "../../../src/database/influx_http.ts";
import { type InfluxTarget, parseTarget } from "../../../src/database/target.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { HAS_INFLUX, InfluxServer } from "../../support/influx_server.ts";

function databaseAt(to: string): InfluxDatabase {
  const target = parseTarget(to) as InfluxTarget;
  return new InfluxDatabase({ target, token: "", timeoutMs: 2000 });
}

function testWithServer(name: string, run: (server: InfluxServer) => Promise<void>): void {
  Deno.test({
    name: HAS_INFLUX ? name : `${name} (skipped: InfluxDB 1 is not installed)`,
    ignore: !HAS_INFLUX,
    fn: async () => {
      await using server = await InfluxServer.start();
      await run(server);
    },
  });
}

testWithServer(
  "InfluxDatabase stores each point once, also with special characters",
  async (server) => {
    await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=vitals`);
    await database.open();
    const device = 'a b,c=d"e';
    const rows = [
      measurementRow(1, { device, pulse: 72, session_id: 'x"\\y\\\\ ,=' }),
      measurementRow(2, { device, pulse: null, pulse_withheld: "motion" }),
      measurementRow(3, { device: "b\\", pulse: 60.5 }),
    ];
    await database.write(rows);
    await database.write(rows);
    assert.deepEqual(
      await server.query(
        'SELECT device, sequence, pulse, pulse_withheld, session_id FROM "measurements"',
      ),
      [
        [(FAKE_START_US + 200_000) * 1000, device, 1, 72, null, 'x"\\y\\\\ ,='],
        [(FAKE_START_US + 400_000) * 1000, device, 2, null, "motion", null],
        [(FAKE_START_US + 600_000) * 1000, "b/", 3, 60.5, null, null],
      ],
    );
  },
);

testWithServer("InfluxDatabase goes on after the server was killed and frozen", async (server) => {
  await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=vitals`);
  await database.open();
  await database.write([measurementRow(1, { pulse: 71 })]);
  await server.kill();
  await assert.rejects(database.write([measurementRow(2)]), /onnect/);
  await server.restart();
  await database.open();
  await database.write([measurementRow(2, { pulse: 72 })]);
  server.freeze();
  await assert.rejects(database.write([measurementRow(3)]), /it has not responded for 2 s/);
  server.thaw();
  await database.open();
  await database.write([measurementRow(3, { pulse: 73 })]);
  assert.deepEqual(
    (await server.query('SELECT pulse FROM "measurements"')).map(([, pulse]) => pulse),
    [71, 72, 73],
  );
});

testWithServer(
  "InfluxDatabase rejects rows of another type, and reports a missing database",
  async (server) => {
    const url = `influx+http://127.0.0.1:${server.port}/?db=`;
    await using database = databaseAt(`${url}vitals`);
    await database.open();
    const response = await fetch(`http://127.0.0.1:${server.port}/write?db=vitals`, {
      method: "POST",
      body: `measurements,device=other pulse="text" ${FAKE_START_US}000\n`,
    });
    await response.body?.cancel();
    await assert.rejects(database.write([measurementRow(1, { pulse: 72 })]), RejectedRowsError);
    await using other = databaseAt(`${url}other`);
    await other.open();
    await assert.rejects(other.write([measurementRow(1)]), /^AppError: 404 .*database not found/);
  },
);
