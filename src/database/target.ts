import { UsageError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";

/** A PostgreSQL server. */
export interface PostgresTarget {
  readonly kind: "postgres";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** True for TLS with a verified certificate. */
  readonly tls: boolean;
}

/** An InfluxDB server, or any other that accepts line protocol over HTTP. */
export interface InfluxTarget {
  readonly kind: "influx";
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** URL to which lines are posted. */
  readonly writeUrl: string;
}

/** A file on this machine. */
export interface FileTarget {
  readonly kind: "sqlite" | "influx-file";
  readonly path: string;
}

/** What `--to` names. */
export type Target = PostgresTarget | InfluxTarget | FileTarget;

export const TARGET_FORMS =
  "postgres://USER@HOST/DATABASE, sqlite:FILE, influx+https://HOST:PORT/?org=ORG&bucket=BUCKET, " +
  "influx+http://HOST:PORT/?db=DATABASE or influx+file:FILE";

/**
 * Parses the value of `--to`.
 *
 * @throws {UsageError} if it names no database
 */
export function parseTarget(to: string): Target {
  const [, scheme = "", rest = ""] = /^(sqlite|influx\+file):(?!\/\/)(.+)$/.exec(to) ?? [];
  if (scheme !== "") return { kind: scheme === "sqlite" ? "sqlite" : "influx-file", path: rest };
  const url = URL.canParse(to) ? new URL(to) : undefined;
  if (url?.password) {
    throw new UsageError(
      "Cannot use a password in --to, where other users of the machine can read it: use " +
        "--to_password_file",
    );
  }
  switch (url?.protocol) {
    case "postgres:":
    case "postgresql:":
      return postgresTarget(url);
    case "influx+http:":
    case "influx+https:":
      return influxTarget(url);
    default:
      throw new UsageError(`Cannot use --to: it must be ${TARGET_FORMS}`);
  }
}

/** Returns the host of a target without brackets; undefined for a file. */
export function hostOf(target: Target): string | undefined {
  return "host" in target ? target.host : undefined;
}

/** Returns the target as text for messages and for the identity of a spool. */
export function describeTarget(target: Target): string {
  switch (target.kind) {
    case "postgres":
      return `PostgreSQL ${target.user}@${target.host}:${target.port}/${target.database}`;
    case "influx":
      return `InfluxDB ${target.host}:${target.port}`;
    case "sqlite":
      return `SQLite ${target.path}`;
    case "influx-file":
      return `line protocol ${target.path}`;
  }
}

function postgresTarget(url: URL): PostgresTarget {
  const { hostname, port, username, pathname, searchParams } = url;
  const database = decodeURIComponent(pathname.slice(1));
  const [mode = "", ...others] = [...searchParams.keys()].map((key) =>
    key === "sslmode" ? searchParams.get(key) ?? "" : "other"
  );
  if (hostname === "" || username === "" || database === "" || database.includes("/")) {
    throw new UsageError(`Cannot use --to: it must be ${TARGET_FORMS}`);
  }
  if (others.length > 0 || !["", "disable", "verify-full"].includes(mode)) {
    throw new UsageError(
      "Cannot use a parameter of --to other than sslmode=verify-full or sslmode=disable: the other " +
        "modes do not verify the server",
    );
  }
  const host = bare(hostname);
  return {
    kind: "postgres",
    host,
    port: port === "" ? 5432 : Number(port),
    user: decodeURIComponent(username),
    database,
    tls: mode === "" ? !isLoopback(host) : mode === "verify-full",
  };
}

function influxTarget({ protocol, hostname, port, searchParams }: URL): InfluxTarget {
  const [db, org, bucket] = ["db", "org", "bucket"].map((name) => searchParams.get(name) ?? "");
  if (hostname === "" || (db ? org || bucket : !org || !bucket)) {
    throw new UsageError(`Cannot use --to: it must be ${TARGET_FORMS}`);
  }
  const tls = protocol === "influx+https:";
  const base = `${tls ? "https" : "http"}://${hostname}:${port || 8086}`;
  const query = new URLSearchParams(db ? { db } : { org: org!, bucket: bucket! });
  query.set("precision", "ns");
  return {
    kind: "influx",
    host: bare(hostname),
    port: Number(port || 8086),
    tls,
    writeUrl: `${base}/${db ? "write" : "api/v2/write"}?${query}`,
  };
}

function bare(hostname: string): string {
  return decodeURIComponent(hostname).replaceAll(/[[\]]/g, "");
}
