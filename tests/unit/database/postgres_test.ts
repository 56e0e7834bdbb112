import assert from "node:assert/strict";
import { AppError } from "../../../src/base/errors.ts";
import { RejectedRowsError } from "../../../src/database/database.ts";
import { PostgresDatabase } from "../../../src/database/postgres.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { freePort } from "../../support/free_port.ts";
import { waitFor } from "../../support/wait.ts";

/** Ends a text in the protocol of PostgreSQL. */
const NUL = "\0";

/** A server that receives the message at the start of a connection, and replies with these bytes. */
class RefusingServer implements AsyncDisposable {
  readonly port: number;
  /** The parameters of each connection. */
  readonly parameters: Readonly<Record<string, string>>[] = [];
  open = 0;
  readonly #reply: Uint8Array<ArrayBuffer>;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting: Promise<void>;

  constructor(reply: Uint8Array<ArrayBuffer>) {
    this.#reply = reply;
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  async #accept(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const connection of this.#listener) served.push(this.#serve(connection));
    await Promise.all(served);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    using _closed = connection;
    this.open++;
    const bytes = new Uint8Array(4096);
    const size = await connection.read(bytes) ?? 0;
    // After the length and the version of the protocol: names and values.
    const words = new TextDecoder().decode(bytes.subarray(8, size)).split(NUL);
    const pairs = words.flatMap((name, at) => at % 2 === 0 && name ? [[name, words[at + 1]]] : []);
    this.parameters.push(Object.fromEntries(pairs));
    await connection.write(this.#reply).catch(() => {});
    while (await connection.read(bytes).catch(() => null));
    this.open--;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }
}

/** An ErrorResponse (PostgreSQL, "Message Formats"). */
function errorResponse(code: string, message: string): Uint8Array<ArrayBuffer> {
  const fields = new TextEncoder().encode(`SFATAL${NUL}C${code}${NUL}M${message}${NUL}${NUL}`);
  const bytes = new Uint8Array(5 + fields.length);
  bytes[0] = "E".charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, 4 + fields.length);
  bytes.set(fields, 5);
  return bytes;
}

function databaseAt(port: number, { tls = false, timeoutMs = 5000 } = {}): PostgresDatabase {
  const target = { kind: "postgres", host: "127.0.0.1", port, user: "me", database: "b" } as const;
  return new PostgresDatabase({ target: { ...target, tls }, password: "", timeoutMs });
}

Deno.test("PostgresDatabase.open() sends its user, database, time zone and time limit", async () => {
  await using server = new RefusingServer(errorResponse("28P01", "wrong password"));
  await using database = databaseAt(server.port);
  await assert.rejects(database.open(), (error: Error) => {
    assert(error instanceof AppError);
    return error.message === "wrong password (28P01)";
  });
  const { user, database: name, TimeZone, statement_timeout: limit } = server.parameters[0]!;
  assert.deepEqual([user, name, TimeZone, limit], ["me", "b", "UTC", "5000"]);
  assert.equal(server.parameters.length, 1);
  await waitFor("no connection", () => server.open === 0);
});

Deno.test("PostgresDatabase rejects rows by the class of the error", async () => {
  for (
    const [code, isRejected] of [["22003", true], ["23505", true], ["21000", false], [
      "42501",
      false,
    ]] as const
  ) {
    await using server = new RefusingServer(errorResponse(code, "a reason"));
    await using database = databaseAt(server.port);
    await assert.rejects(database.open(), (error: Error) => {
      assert.equal(error instanceof RejectedRowsError, isRejected, code);
      assert.equal(error.message, isRejected ? "a reason" : `a reason (${code})`);
      return true;
    });
  }
});

Deno.test("PostgresDatabase.open() fails after its time limit, and closes the connection", async () => {
  await using server = new RefusingServer(new Uint8Array());
  await using database = databaseAt(server.port, { timeoutMs: 50 });
  const start = performance.now();
  await assert.rejects(database.open(), /it has not responded for 0\.05 s$/);
  assert(performance.now() - start < 4000);
  await waitFor("no connection", () => server.open === 0);
  await assert.rejects(database.write([measurementRow(1)]), /^AppError: the connection is closed$/);
});

Deno.test("PostgresDatabase.open() names the reason if no server listens", async () => {
  const port = freePort();
  await using database = databaseAt(port);
  await assert.rejects(database.open(), /ECONNREFUSED/);
});

Deno.test("PostgresDatabase writes nothing before open() and after its disposal", async () => {
  await using server = new RefusingServer(new Uint8Array());
  const database = databaseAt(server.port, { timeoutMs: 3_600_000 });
  await assert.rejects(database.write([measurementRow(1)]), /the connection is closed/);
  const opening = database.open();
  opening.catch(() => {});
  await waitFor("a connection", () => server.open === 1);
  await database[Symbol.asyncDispose]();
  await waitFor("no connection", () => server.open === 0);
  await assert.rejects(opening, /the connection is closed/);
  await assert.rejects(database.write([measurementRow(1)]), /the connection is closed/);
});
