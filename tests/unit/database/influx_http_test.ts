import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { RejectedRowsError } from "../../../src/database/database.ts";
import { InfluxDatabase } from "../../../src/database/influx_http.ts";
import { type InfluxTarget, parseTarget } from "../../../src/database/target.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { parseLine } from "../../support/line_protocol_parser.ts";

function databaseAt(to: string, { token = "", tlsCaPath, timeoutMs = 2000 }: {
  readonly token?: string;
  readonly tlsCaPath?: string;
  readonly timeoutMs?: number;
} = {}): InfluxDatabase {
  const target = parseTarget(to) as InfluxTarget;
  return new InfluxDatabase({ target, token, tlsCaPath, timeoutMs });
}

/** Starts a stand-in for InfluxDB 2, of which Debian has no package. */
function startStandIn(
  respond: (request: Request, text: string) => Response | Promise<Response>,
  tls: { readonly cert: string; readonly key: string } | undefined = undefined,
) {
  const requests: {
    readonly method: string;
    readonly url: URL;
    readonly token: string | null;
    readonly text: string;
  }[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
    async (request) => {
      const text = gunzipSync(await request.bytes()).toString();
      const { method, url, headers } = request;
      requests.push({ method, url: new URL(url), token: headers.get("authorization"), text });
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
  const [{ method, url, token, text }] = server.requests as [typeof server.requests[0]];
  assert.equal(method, "POST");
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
      return error.message === `${status} ${"x".repeat(200)}`;
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

Deno.test("InfluxDatabase sends no authorization without a token", async () => {
  await using server = startStandIn(() => new Response(null, { status: 204 }));
  await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`);
  await database.open();
  await database.write([measurementRow(1)]);
  assert.deepEqual(server.requests.map(({ token }) => token), [null]);
});

Deno.test("InfluxDatabase rejects only rows whose repetition would be refused again", async () => {
  let status = 0;
  await using server = startStandIn(() => new Response("  a reason\n", { status }));
  await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`);
  await database.open();
  for (
    const [code, isRejected] of [
      [400, true],
      [401, false],
      [404, false],
      [413, true],
      [422, true],
      [
        500,
        false,
      ],
    ] as const
  ) {
    status = code;
    await assert.rejects(database.write([measurementRow(1)]), (error: Error) => {
      assert.equal(error.message, `${code} a reason`);
      assert.equal(error instanceof RejectedRowsError, isRejected, String(code));
      return true;
    });
  }
});

Deno.test("InfluxDatabase reads the start of a response that never ends", async () => {
  const part = new TextEncoder().encode("x".repeat(150));
  await using server = startStandIn(() =>
    new Response(new ReadableStream({ pull: (controller) => controller.enqueue(part) }), {
      status: 500,
    })
  );
  await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`);
  await database.open();
  await assert.rejects(database.write([measurementRow(1)]), { message: `500 ${"x".repeat(200)}` });
});

Deno.test("InfluxDatabase fails after the time for a request", async () => {
  const end = Promise.withResolvers<Response>();
  await using server = startStandIn(() => end.promise);
  await using database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`, {
    timeoutMs: 20,
  });
  await database.open();
  await assert.rejects(database.write([measurementRow(1)]), /it has not responded for 0\.02 s$/);
  end.resolve(new Response(null, { status: 204 }));
});

Deno.test("InfluxDatabase ends a request that runs when it is disposed", async () => {
  const end = Promise.withResolvers<Response>();
  const started = Promise.withResolvers<void>();
  await using server = startStandIn(() => {
    started.resolve();
    return end.promise;
  });
  const database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`, {
    timeoutMs: 3_600_000,
  });
  await database.open();
  const writing = assert.rejects(database.write([measurementRow(1)]), /the connection is closed$/);
  await started.promise;
  await database[Symbol.asyncDispose]();
  await writing;
  end.resolve(new Response(null, { status: 204 }));
});

Deno.test("InfluxDatabase writes only between open() and its disposal", async () => {
  await using server = startStandIn(() => new Response(null, { status: 204 }));
  const database = databaseAt(`influx+http://127.0.0.1:${server.port}/?db=a`);
  await assert.rejects(database.write([measurementRow(1)]), /the connection is closed/);
  await database.open();
  await database.open(); // without a client that is left open
  await database.write([measurementRow(1)]);
  await database[Symbol.asyncDispose]();
  await assert.rejects(database.write([measurementRow(2)]), /the connection is closed/);
  assert.equal(server.requests.length, 1);
});
