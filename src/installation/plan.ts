import { UsageError } from "../base/errors.ts";
import type { FlagEntry, FlagTable } from "../config/flag_table.ts";
import type { Loaded } from "../config/load.ts";
import { Secret } from "../config/secret.ts";
import { showValue } from "../config/values.ts";
import { REDIS_CONFIG_FILE } from "../transports/redis/flags.ts";
import { PLACES } from "./places.ts";
import {
  credentialDirectives,
  credentialTransferFor,
  type Given,
  isKey,
  type PlannedFile,
  secretFile,
  secretFlag,
  seenByService,
} from "./secrets.ts";
import { quoteArgument, renderUnit, renewUnit } from "./unit.ts";

/** What `install` does, but for the running of systemctl. */
export interface Plan {
  readonly files: readonly PlannedFile[];
  /** Files of an installation before, which this one has no use for. */
  readonly stale: readonly string[];
  /** A line of crontab that does without systemd what the service does with it. */
  readonly cron?: string;
}

export interface PlanOptions {
  /** True if the settings select an input. */
  readonly hasInput: boolean;
  /** The paths that the service may write with these settings. */
  readonly writes: true | readonly string[];
  /** systemd's version, or "none" where cron takes its place. @default one that knows credentials */
  readonly systemd?: number | "none" | undefined;
  /** The text of the unit that is installed already. */
  readonly installed?: string | undefined;
}

/** What any `install` may write into our folder of the configuration; the rest is the user's. */
function ownFiles(table: FlagTable): string[] {
  return [
    PLACES.redisConfig,
    ...table.flagsOf("serve").flatMap(({ flag: { secretFrom } }) =>
      secretFrom ? [`${PLACES.folder}/${secretFrom.credential}`] : []
    ),
  ];
}

/**
 * A service that runs with the values of this command line. Values of Redis go into
 * a JSON file, which a reload reads again; secrets into files of root that systemd hands over as
 * credentials, or, before version 247, in the environment; all else becomes flags.
 *
 * Where the command line names no value and a unit is installed, that one's values are kept.
 *
 * @throws {UsageError} for a value that a service cannot use
 */
export function planService(
  loaded: Loaded,
  template: string,
  { systemd, installed, hasInput, writes }: PlanOptions,
): Plan {
  const transfer = credentialTransferFor(systemd);
  const given = givenValues(loaded);
  if (given.length === 0 && installed !== undefined) {
    return { files: [unitFile(renewUnit(template, installed))], stale: [] };
  }
  const secrets = given.filter(({ value }) => value instanceof Secret);
  const keys = given.filter(isKey);
  const seen = given.map((each) => seenByService(each, transfer));
  const redis = seen.filter(({ entry, value }) =>
    entry.flag.file?.config === REDIS_CONFIG_FILE && !(value instanceof Secret)
  );
  const flags = seen.filter((each) => !secrets.includes(each) && !redis.includes(each));
  const command = [...commandOf(flags, { hasInput })];
  if (redis.length > 0) command.push(`--redis_config_path=${PLACES.redisConfig}`);
  const unit = renderUnit(template, {
    execStart: command.map(quoteArgument).join(" "),
    additions: [
      ...[...secrets, ...keys].flatMap((each) => credentialDirectives(each, transfer)),
      ...writableFolders(loaded, writes).map((path) => `ReadWritePaths=-${quoteArgument(path)}`),
    ],
  });
  const files = [
    ...secrets.map((secret) => secretFile(secret, transfer)),
    ...redis.length > 0 ? [redisFile(redis)] : [],
    unitFile(unit),
  ];
  const stale = given.length === 0
    ? []
    : ownFiles(loaded.table).filter((path) => files.every((file) => file.path !== path));
  return { files, stale, cron: cronLine([...command, ...secrets.map(secretFlag)]) };
}

function* commandOf(
  flags: readonly Given[],
  { hasInput }: Pick<PlanOptions, "hasInput">,
): Generator<string> {
  const isGiven = (name: string) => flags.some(({ entry }) => entry.flag.name === name);
  yield PLACES.program;
  if (!hasInput) yield "--use_camera";
  for (const { entry, value } of flags) yield flagText(entry, value);
  if (!isGiven("spool_path")) yield "--spool_path=spool";
  if (!isGiven("state_path")) yield "--state_path=.";
}

/** The service's user is made up at each start: it must be able to read this. */
function redisFile(values: readonly Given[]): PlannedFile {
  const object = Object.fromEntries(
    values.map(({ entry, value }) => [entry.flag.file?.key ?? "", value]),
  );
  const text = JSON.stringify(object, null, 2) + "\n";
  return { path: PLACES.redisConfig, mode: 0o644, text, secret: false };
}

function unitFile(text: string): PlannedFile {
  return { path: PLACES.unit, mode: 0o644, text, secret: false };
}

/** What the user said, wherever; files that hold values are replaced by the values. */
function givenValues({ table, settings, originOf }: Loaded): readonly Given[] {
  const consumed = new Set(table.configFiles.map(({ pathFlag }) => pathFlag));
  const entries = table.flagsOf("serve").filter(({ flag }) => !flag.action);
  for (const { flag } of entries) if (flag.secretFrom) consumed.add(flag.secretFrom.fileFlag);
  return entries.flatMap((entry) => {
    if (consumed.has(entry.flag.name) || originOf(entry).kind === "default") return [];
    const value = table.valueOf(settings, entry);
    if (value === undefined || (value instanceof Secret && value.isEmpty)) return [];
    return [{ entry, value: entry.flag.kind === "path" ? servicePath(entry, `${value}`) : value }];
  });
}

/**
 * A relative path that is read starts at the folder that `install` is called from, one that is
 * written at the service's own.
 */
function servicePath(entry: FlagEntry, path: string): string {
  const isRead = !entry.flag.writes && !path.startsWith("/") && !path.includes("://");
  const whole = isRead ? `${Deno.cwd()}/${path}` : path;
  refuseHome(entry, whole);
  return whole;
}

/** A service sees no home folder, nor the folder that install was called from. */
function refuseHome({ flag }: FlagEntry, path: string): void {
  if (/^\/(home|root|run\/user|tmp|var\/tmp)(\/|$)/.test(path)) {
    throw new UsageError(
      `Cannot install with --${flag.name}=${path}: a service does not see that folder: ` +
        `move it to ${PLACES.folder} or ${PLACES.state}`,
    );
  }
}

function flagText({ flag }: FlagEntry, value: unknown): string {
  if (flag.kind === "bool") return value ? `--${flag.name}` : `--no${flag.name}`;
  return `--${flag.name}=${showValue(value)}`;
}

/** The folders that the service writes and that are not its own. */
function writableFolders(
  { table, settings }: Loaded,
  writes: PlanOptions["writes"],
): string[] {
  return table.flagsOf("serve").flatMap((entry) => {
    const path = table.valueOf(settings, entry);
    if (!entry.flag.writes || typeof path !== "string") return [];
    if (!path.startsWith("/") || path.startsWith(PLACES.state)) return [];
    if (writes !== true && !writes.includes(path)) return [];
    return [entry.flag.writes === "file" ? path.replace(/\/[^/]*$/, "") : path];
  });
}

/** Starts at boot, and again whenever it ends, but not where that would be in vain. */
function cronLine(command: readonly string[]): string {
  const line = command.map(quoteForShell).join(" ");
  // To cron a percent sign is the end of the line.
  return (
    `@reboot cd ${PLACES.state} && while :; do ${line}; ` +
    "case $? in 64|78) break;; esac; sleep 1; done"
  ).replaceAll("%", "\\%");
}

function quoteForShell(argument: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
