import assert from "node:assert/strict";
import { describeTarget, parseTarget } from "../../../src/database/target.ts";

Deno.test("parseTarget() parses each form", () => {
  const postgres = { kind: "postgres", user: "me", database: "vitals" } as const;
  for (
    const [to, expected] of [
      ["postgres://me@db.local/vitals", { ...postgres, host: "db.local", port: 5432, tls: true }],
      ["postgresql://me@localhost/vitals", {
        ...postgres,
        host: "localhost",
        port: 5432,
        tls: false,
      }],
      ["postgres://me@localhost:5433/vitals?sslmode=verify-full", {
        ...postgres,
        host: "localhost",
        port: 5433,
        tls: true,
      }],
      ["postgres://me@[fd00::1]/vitals?sslmode=disable", {
        ...postgres,
        host: "fd00::1",
        port: 5432,
        tls: false,
      }],
      ["postgres://a%40b@10.0.0.1/my%20db", {
        kind: "postgres",
        user: "a@b",
        database: "my db",
        host: "10.0.0.1",
        port: 5432,
        tls: true,
      }],
      ["sqlite:vitals.db", { kind: "sqlite", path: "vitals.db" }],
      ["sqlite:/var/lib/a b.db", { kind: "sqlite", path: "/var/lib/a b.db" }],
      ["influx+file:out.lp", { kind: "influx-file", path: "out.lp" }],
      ["influx+http://localhost/?db=vitals", {
        kind: "influx",
        host: "localhost",
        port: 8086,
        tls: false,
        writeUrl: "http://localhost:8086/write?db=vitals&precision=ns",
      }],
      ["influx+https://[::1]:443?org=a+b&bucket=c%26d", {
        kind: "influx",
        host: "::1",
        port: 443,
        tls: true,
        writeUrl: "https://[::1]:443/api/v2/write?org=a+b&bucket=c%26d&precision=ns",
      }],
    ] as const
  ) {
    assert.deepEqual(parseTarget(to), expected, to);
  }
});

Deno.test("parseTarget() rejects what names no database", () => {
  for (
    const to of [
      "postgres://localhost/vitals",
      "postgres://me@localhost",
      "postgres://me@localhost/a/b",
      "mysql://me@localhost/vitals",
      "vitals.db",
      "sqlite:",
      "sqlite://vitals.db",
      "influx+http://localhost",
      "influx+http://localhost/?org=a",
      "influx+http://localhost/?db=a&bucket=b",
      "http://localhost/?db=a",
    ]
  ) {
    assert.throws(() => parseTarget(to), /it must be postgres:/, to);
  }
});

Deno.test("parseTarget() rejects a password and modes that do not verify the server", () => {
  for (const to of ["postgres://me:hunter2@db/vitals", "influx+http://a:hunter2@db/?db=b"]) {
    assert.throws(() => parseTarget(to), (error: Error) => {
      assert.match(error.message, /use --to_password_file/);
      return !error.message.includes("hunter2");
    });
  }
  for (const parameter of ["sslmode=require", "sslmode=prefer", "options=-c", "host=other"]) {
    assert.throws(() => parseTarget(`postgres://me@db/vitals?${parameter}`), /verify-full/);
  }
});

Deno.test("describeTarget() names the user, the host and the database, or the file", () => {
  assert.equal(
    describeTarget(parseTarget("postgres://me@db/vitals")),
    "PostgreSQL me@db:5432/vitals",
  );
  assert.equal(describeTarget(parseTarget("influx+https://db?db=a")), "InfluxDB db:8086");
  assert.equal(describeTarget(parseTarget("sqlite:a.db")), "SQLite a.db");
  assert.equal(describeTarget(parseTarget("influx+file:a")), "line protocol a");
});
