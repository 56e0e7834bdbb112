import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";
import { ConfigError, UsageError } from "../../../src/base/errors.ts";
import { databaseFlags } from "../../../src/database/flags.ts";
import { exitErrorOf } from "../../support/exit_error.ts";
import { defaultsOf } from "../../support/flag_limits.ts";

function settingsOf(...argv: string[]) {
  return load(["log", ...argv], { env: {}, readText: () => "secret\n" }).settings;
}

const errorOf = (...argv: string[]) => exitErrorOf(() => settingsOf(...argv));

Deno.test("databaseFlags have the documented defaults", () => {
  assert.deepEqual(defaultsOf(databaseFlags), {
    password: "",
    allowPlaintext: false,
    flushIntervalMs: 1000,
    batchRows: 1000,
    memoryRows: 50_000,
    spoolMaxBytes: 268_435_456,
    retentionDays: 0,
    hourlyRetentionDays: 0,
  });
});

Deno.test("log requires a database that it can parse", () => {
  for (const argv of [[], ["--to="], ["--to=mysql://a"], ["--to=postgres://a:b@c/d"]]) {
    assert(errorOf(...argv) instanceof UsageError, argv.join());
  }
  assert.match(errorOf()!.message, /add --to with postgres:/);
  assert.match(
    errorOf("--to=sqlite:a", "--to_tls_ca_path=ca.pem")!.message,
    /to_tls_ca_path without TLS/,
  );
});

Deno.test("log refuses a host beyond loopback without TLS, unless it is allowed", () => {
  for (const to of ["postgres://a@db/b?sslmode=disable", "influx+http://10.0.0.1/?db=a"]) {
    const error = errorOf(`--to=${to}`);
    assert(error instanceof ConfigError, to);
    assert.match(error.message, /without TLS: .*--to_allow_plaintext/);
    assert.equal(errorOf(`--to=${to}`, "--to_allow_plaintext"), undefined);
  }
  for (
    const to of [
      "postgres://a@db/b",
      "postgres://a@localhost/b",
      "influx+https://10.0.0.1/?db=a",
      "influx+http://127.0.0.1/?db=a",
      "sqlite:a",
    ]
  ) {
    assert.equal(errorOf(`--to=${to}`), undefined, to);
  }
});

Deno.test("log may connect to Redis and the database, and use the files that it names, only", () => {
  const permissionsOf = (...argv: string[]) =>
    permissionsFor("log", settingsOf(...argv), { assets: "/assets", env: {} })!;
  assert.deepEqual(
    permissionsOf(
      ...["--to=postgres://a@db/b", "--to_password_file=/pw", "--to_tls_ca_path=/ca"],
      "--spool_path=/spool",
    ),
    {
      read: ["/pw", "/ca", "/spool"],
      write: ["/spool"],
      net: ["localhost:6379", "db:5432"],
      run: [],
      ffi: false,
    },
  );
  assert.deepEqual(permissionsOf("--to=sqlite:/a").write, ["/a", "/a-wal", "/a-shm", "/a-journal"]);
  assert.deepEqual(permissionsOf("--to=influx+file:/a").write, ["/a"]);
  assert.deepEqual(permissionsOf("--to=influx+https://[::1]/?db=a").net, [
    "localhost:6379",
    "[::1]:8086",
  ]);
});
