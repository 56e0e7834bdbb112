import { isLoopback } from "../base/loopback.ts";
import {
  bool,
  float,
  int,
  optionalPath,
  optionalText,
  secret,
  topic,
  type ValuesOf,
} from "../config/flag.ts";
import type { Policy, Rule } from "../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../config/permissions.ts";
import { NO_SECRET } from "../config/secret.ts";
import { UsageError } from "../base/errors.ts";
import { hostOf, parseTarget, type Target, TARGET_FORMS } from "./target.ts";

/** The command `log`. */
export const databaseFlags = topic("Database logger", ["log"], {
  to: optionalText("to", `Database to write to: ${TARGET_FORMS}.`, { placeholder: "URL" }),
  password: secret(
    "to_password",
    "Password of the PostgreSQL user, or token of InfluxDB; prefer --to_password_file.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "to_password_file", credential: "to_password" },
    },
  ),
  passwordFile: optionalPath(
    "to_password_file",
    "File that contains the password of the PostgreSQL user, or the token of InfluxDB.",
  ),
  tlsCaPath: optionalPath(
    "to_tls_ca_path",
    "PEM file of the certificate authorities for the database; default: those of Deno.",
  ),
  allowPlaintext: bool(
    "to_allow_plaintext",
    "Write without TLS to hosts other than loopback: others on the network can read the password " +
      "and vital signs.",
  ),
  flushIntervalMs: int(
    "flush_interval_ms",
    "Interval between writes to the database, in milliseconds.",
    { default: 1000, range: [10, 60_000], placeholder: "MS" },
  ),
  batchRows: int("batch_rows", "Maximum number of rows in one transaction.", {
    default: 1000,
    range: [1, 20_000],
  }),
  memoryRows: int("memory_rows", "Maximum number of rows in memory that wait to be written.", {
    default: 50_000,
    range: [1000, 10_000_000],
  }),
  spoolPath: optionalPath(
    "spool_path",
    "Folder for rows that wait while the database is unavailable, also over a restart; without " +
      "it, the oldest of --memory_rows are dropped.",
    { placeholder: "FOLDER", writes: "folder" },
  ),
  spoolMaxBytes: int("spool_max_bytes", "Maximum size of the spool in bytes.", {
    default: 268_435_456,
    range: [65_536, Number.MAX_SAFE_INTEGER],
    placeholder: "BYTES",
  }),
  retentionDays: float(
    "retention_days",
    "Age in days at which rows other than hourly ones are deleted; 0: never.",
    { default: 0, range: [0, 36_500], placeholder: "DAYS" },
  ),
  hourlyRetentionDays: float(
    "hourly_retention_days",
    "Age in days at which hourly rows are deleted; 0: never.",
    { default: 0, range: [0, 36_500], placeholder: "DAYS" },
  ),
});

export type DatabaseSettings = ValuesOf<typeof databaseFlags>;

/** The settings that concern the database logger. */
export interface WithDatabase {
  readonly database: DatabaseSettings;
}

/** Returns the message of what is wrong with `--to`; undefined if it is not given, or right. */
export const databaseRule: Rule<WithDatabase> = ({ database }) => {
  if (database.to === undefined) return undefined;
  try {
    const target = parseTarget(database.to);
    return database.tlsCaPath !== undefined && !("tls" in target && target.tls)
      ? "Cannot use to_tls_ca_path without TLS: use sslmode=verify-full or influx+https:// in --to"
      : undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
};

/** Requires a database for the command `log`. */
export const logRule: Rule<WithDatabase> = ({ database }) =>
  database.to === undefined
    ? `Cannot log without a database: add --to with ${TARGET_FORMS}`
    : undefined;

/** Refuses vital signs and a password without TLS beyond loopback. */
export const databasePolicy: Policy<WithDatabase> = ({ database }, command) => {
  if (command !== "log" || database.to === undefined || database.allowPlaintext) return undefined;
  const target = parseTarget(database.to);
  const host = hostOf(target);
  if (host === undefined || isLoopback(host) || ("tls" in target && target.tls)) return undefined;
  return `Cannot send vital signs to the database at ${host} without TLS: use sslmode=verify-full ` +
    "or influx+https:// in --to, or add --to_allow_plaintext";
};

export const databasePermissions: PermissionsOf<WithDatabase> = ({ database }) => {
  const target = database.to === undefined ? undefined : parseTarget(database.to);
  const host = target && "host" in target ? [hostAndPort(target.host, target.port)] : [];
  return {
    read: definedPaths(database.tlsCaPath),
    write: definedPaths(database.spoolPath, ...target ? filesOf(target) : []),
    net: host,
  };
};

/** Returns the files that a target writes; SQLite has more beside its own. */
function filesOf(target: Target): readonly string[] {
  if (!("path" in target)) return [];
  const suffixes = target.kind === "sqlite" ? ["", "-wal", "-shm", "-journal"] : [""];
  return suffixes.map((suffix) => target.path + suffix);
}
