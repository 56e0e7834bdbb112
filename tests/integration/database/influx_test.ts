import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { RejectedRowsError } from "../../../src/database/database.ts";
import { InfluxFile } from "../../../src/database/influx_file.ts";
import { InfluxDatabase } from "../../../src/database/influx_http.ts";
import { type InfluxTarget, parseTarget } from "../../../src/database/target.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HAS_INFLUX, InfluxServer } from "../../support/influx_server.ts";
import { parseLine } from "../../support/line_protocol_parser.ts";

function databaseAt(to: string, { token = "", tlsCaPath }: {
  readonly token?: string;
  readonly tlsCaPath?: string;
} = {}): InfluxDatabase {
  const target = parseTarget(to) as InfluxTarget;
  return new InfluxDatabase({ target, token, tlsCaPath, timeoutMs: 2000 });
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

/** Starts a stand-in for InfluxDB 2, of which Debian has no package. */
function startStandIn(
  respond: (request: Request, text: string) => Response | Promise<Response>,
  tls: { readonly cert: string; readonly key: string } | undefined = undefined,
) {
  const requests: { readonly url: URL; readonly token: string | null; readonly text: string }[] =
    [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
    async (request) => {
      const text = gunzipSync(await request.bytes()).toString();
      const token = request.headers.get("authorization");
      requests.push({ url: new URL(request.url), token, text });
      return await respond(request, text);
    },
  );
  return {
    requests,
    port: (server.addr as Deno.NetAddr).port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("InfluxDatabase writes to the API of version 2 with its token", async () => {
  await using server = startStandIn(() => new Response(null, { status: 204 }));
  const to = `influx+http://127.0.0.1:${server.port}/?org=my+org&bucket=vitals`;
  await using database = databaseAt(to, { token: "owl-7" });
  await database.open();
  await database.write([measurementRow(1, { pulse: 72 }), measurementRow(2)]);
  const { url, token, text } = server.requests[0]!;
  assert.equal(url.pathname, "/api/v2/write");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    org: "my org",
    bucket: "vitals",
    precision: "ns",
  });
  assert.equal(token, "Token owl-7");
  const points = text.trimEnd().split("\n").map(parseLine);
  assert.deepEqual(points.map(({ fields }) => fields["sequence"]), [1n, 2n]);
});

Deno.test("InfluxDatabase keeps rows that are refused for now, and sends its token nowhere else", async () => {
  const statuses = [401, 429, 500, 503];
  await using server = startStandIn(() => {
    const status = statuses.shift();
    return status === undefined
      ? Response.redirect("http://127.0.0.1:1/")
      : new Response("x".repeat(10_000), { status });
  });
  await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`, {
    token: "owl-7",
  });
  await database.open();
  for (const status of [...statuses]) {
    await assert.rejects(database.write([measurementRow(1)]), (error: Error) => {
      assert(!(error instanceof RejectedRowsError));
      return error.message.startsWith(`${status} xxx`) && error.message.length < 300;
    });
  }
  await assert.rejects(database.write([measurementRow(1)]), /redirect/);
});

Deno.test("InfluxDatabase verifies the certificate", async () => {
  using folder = temporaryFolder();
  const { ca, server: pair, unknownCa } = makeCertificates(folder.path);
  const tls = { cert: Deno.readTextFileSync(pair.cert), key: Deno.readTextFileSync(pair.key) };
  await using server = startStandIn(() => new Response(null, { status: 204 }), tls);
  const write = async (tlsCaPath?: string) => {
    await using database = databaseAt(
      `influx+https://127.0.0.1:${server.port}/?db=a`,
      tlsCaPath === undefined ? {} : { tlsCaPath },
    );
    await database.open();
    await database.write([measurementRow(1)]);
  };
  await write(ca);
  await assert.rejects(write(unknownCa), /UnknownIssuer/);
  await assert.rejects(write(), /UnknownIssuer/);
});

Deno.test("InfluxFile appends lines, and removes one that a power cut has torn", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.lp`;
  {
    await using file = new InfluxFile(path);
    await file.open();
    await file.write([measurementRow(1), measurementRow(2)]);
  }
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  const complete = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, complete + "measurements,device=wa");
  await using file = new InfluxFile(path);
  await file.open();
  await file.write([measurementRow(3)]);
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => parseLine(line).fields["sequence"]), [1n, 2n, 3n]);
});

Deno.test("InfluxFile leaves a file of another program as it is", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/notes`;
  for (const text of ["notes", "a line\nnotes"]) {
    Deno.writeTextFileSync(path, text);
    await using file = new InfluxFile(path);
    await assert.rejects(file.open(), /not from this program/);
    assert.equal(Deno.readTextFileSync(path), text);
  }
});
