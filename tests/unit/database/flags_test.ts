import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";
import { ConfigError, UsageError } from "../../../src/base/errors.ts";
import { databaseFlags, databasePolicy } from "../../../src/database/flags.ts";
import { exitErrorOf } from "../../support/exit_error.ts";
import { assertNumberLimits, defaultsOf } from "../../support/flag_limits.ts";

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

Deno.test("databaseFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(databaseFlags, {
    flushIntervalMs: [10, 60_000],
    batchRows: [1, 20_000],
    memoryRows: [1000, 10_000_000],
    spoolMaxBytes: [65_536, Number.MAX_SAFE_INTEGER],
    retentionDays: [0, 36_500],
    hourlyRetentionDays: [0, 36_500],
  });
});

Deno.test("log requires a database that it can parse", () => {
  for (const argv of [[], ["--to="], ["--to=mysql://a"], ["--to=postgres://a:b@c/d"]]) {
    assert(errorOf(...argv) instanceof UsageError, argv.join());
  }
  assert.match(errorOf()!.message, /add --to with postgres:/);
  for (const to of ["sqlite:a", "postgres://a@localhost/b", "influx+http://127.0.0.1/?db=a"]) {
    const error = errorOf(`--to=${to}`, "--to_tls_ca_path=ca.pem");
    assert.match(error!.message, /to_tls_ca_path without TLS/, to);
  }
  for (const to of ["postgres://a@db/b", "influx+https://127.0.0.1/?db=a"]) {
    assert.equal(errorOf(`--to=${to}`, "--to_tls_ca_path=ca.pem"), undefined, to);
  }
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

Deno.test("databasePolicy concerns the command log only", () => {
  const settings = settingsOf("--to=postgres://a@db/b?sslmode=disable", "--to_allow_plaintext");
  const { database } = settings;
  const plaintext = { database: { ...database, allowPlaintext: false } };
  assert.match(databasePolicy(plaintext, "log")!, /without TLS/);
  assert.equal(databasePolicy(plaintext, "serve"), undefined);
  assert.equal(databasePolicy({ database: { ...database, to: undefined } }, "log"), undefined);
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
