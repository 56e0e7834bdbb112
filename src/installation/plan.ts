import { UsageError } from "../base/errors.ts";
import type { FlagEntry, FlagTable } from "../config/flag_table.ts";
import type { Configuration } from "../config/load.ts";
import { Secret } from "../config/secret.ts";
import { formatValue } from "../config/values.ts";
import { REDIS_CONFIG_FILE } from "../transports/redis/flags.ts";
import { ACCOUNT, PATHS } from "./paths.ts";
import {
  type ConfiguredValue,
  credentialDirectives,
  credentialTransferFor,
  isPrivateKey,
  type PlannedFile,
  secretFile,
  secretFlag,
  valueForService,
} from "./secrets.ts";
import { addressDirectives, quoteArgument, renderUnit, renewUnit } from "./unit.ts";

/** The files and the command line of the service that `install` sets up. */
export interface ServicePlan {
  readonly files: readonly PlannedFile[];
  /** Files of a previous installation that this one does not use. */
  readonly stale: readonly string[];
  /** The line for crontab that starts the program on a system without systemd. */
  readonly cron?: string;
}

/** The context of `planService()`. */
export interface PlanOptions {
  /** True if the settings select an input. */
  readonly hasInput: boolean;
  /** The paths that the service may write with these settings. */
  readonly writes: true | readonly string[];
  /** The addresses beyond this machine that the service exchanges data with; true if not known. */
  readonly peers: true | readonly string[];
  /**
   * The version of systemd, or "none" if cron starts the program.
   *
   * @default a version that supports credentials
   */
  readonly systemd?: number | "none" | undefined;
  /** The text of the unit that is already installed. */
  readonly installed?: string | undefined;
}

/** Returns the files that `install` may write to its configuration folder; others are the user's. */
export function installedFiles(table: Pick<FlagTable, "flagsOf">): string[] {
  return [
    PATHS.redisConfig,
    ...table.flagsOf("serve").flatMap(({ flag: { secretFrom } }) =>
      secretFrom ? [`${PATHS.configFolder}/${secretFrom.credential}`] : []
    ),
  ];
}

/**
 * Plans a service that runs with the values of this configuration. Values for Redis are stored in a
 * JSON file, which a reload reads again. Secrets are stored in files that only root can read, and
 * systemd passes them to the service. All other values become flags.
 *
 * If no value is set and a unit is installed, the values of that unit are kept.
 *
 * @throws {UsageError} for a path that a service cannot access
 */
export function planService(
  configuration: Configuration,
  template: string,
  { systemd, installed, hasInput, writes, peers }: PlanOptions,
): ServicePlan {
  const transfer = credentialTransferFor(systemd);
  const configured = configuredValues(configuration);
  if (configured.length === 0 && installed !== undefined) {
    return { files: [unitFile(renewUnit(template, installed))], stale: [] };
  }
  const secrets = configured.filter(({ value }) => value instanceof Secret);
  const keys = configured.filter(isPrivateKey);
  const values = configured.map((each) => valueForService(each, transfer));
  const redis = values.filter(({ entry, value }) =>
    entry.flag.file?.config === REDIS_CONFIG_FILE && !(value instanceof Secret)
  );
  const flags = values.filter((each) => !secrets.includes(each) && !redis.includes(each));
  const command = [...commandOf(flags, { hasInput })];
  if (redis.length > 0) command.push(`--redis_config_path=${PATHS.redisConfig}`);
  const unit = renderUnit(template, {
    execStart: command.map(quoteArgument).join(" "),
    additions: [
      ...[...secrets, ...keys].flatMap((each) => credentialDirectives(each, transfer)),
      ...writableFolders(configuration, writes).map((path) =>
        `ReadWritePaths=-${quoteArgument(path)}`
      ),
      ...addressDirectives(peers),
    ],
  });
  const files = [
    ...secrets.map((secret) => secretFile(secret, transfer)),
    ...redis.length > 0 ? [redisFile(redis)] : [],
    unitFile(unit),
  ];
  const stale = configured.length === 0
    ? []
    : installedFiles(configuration.table).filter((path) =>
      files.every((file) => file.path !== path)
    );
  return { files, stale, cron: cronLine([...command, ...secrets.map(secretFlag)]) };
}

/** Returns the arguments of the service. */
function* commandOf(
  flags: readonly ConfiguredValue[],
  { hasInput }: Pick<PlanOptions, "hasInput">,
): Generator<string> {
  const isSet = (name: string) => flags.some(({ entry }) => entry.flag.name === name);
  yield PATHS.program;
  if (!hasInput) yield "--use_camera";
  for (const { entry, value } of flags) yield flagText(entry, value);
  if (!isSet("spool_path")) yield "--spool_path=spool";
  if (!isSet("state_path")) yield "--state_path=.";
}

/** Every user can read this file: systemd assigns the service a new user at each start. */
function redisFile(values: readonly ConfiguredValue[]): PlannedFile {
  const object = Object.fromEntries(
    values.map(({ entry, value }) => [entry.flag.file?.key ?? "", value]),
  );
  const text = JSON.stringify(object, null, 2) + "\n";
  return { path: PATHS.redisConfig, mode: 0o644, text, secret: false };
}

function unitFile(text: string): PlannedFile {
  return { path: PATHS.unit, mode: 0o644, text, secret: false };
}

/** Returns the values that are not defaults; files of values are replaced by their values. */
function configuredValues(
  { table, settings, originOf }: Configuration,
): readonly ConfiguredValue[] {
  const replaced = new Set(table.configFiles.map(({ pathFlag }) => pathFlag));
  const entries = table.flagsOf("serve").filter(({ flag }) => !flag.action);
  // A URL may contain credentials, so no file that every user can read holds it.
  const urlEntry = entries.find(({ flag }) => flag.name === "input_video_url")!;
  for (const { flag } of entries) if (flag.secretFrom) replaced.add(flag.secretFrom.fileFlag);
  return entries.flatMap((entry) => {
    if (replaced.has(entry.flag.name) || originOf(entry).kind === "default") return [];
    const value = table.valueOf(settings, entry);
    if (value === undefined || (value instanceof Secret && value.isEmpty)) return [];
    if (entry.flag.name === "input_video_path" && isUrl(`${value}`)) {
      return [{ entry: urlEntry, value: new Secret(`${value}`) }];
    }
    return [{
      entry,
      value: entry.flag.kind === "path" ? resolveForService(entry, `${value}`) : value,
    }];
  });
}

function isUrl(value: string): boolean {
  return value.includes("://");
}

/**
 * Returns a path as the service resolves it: a relative path that is read starts at the folder that
 * `install` runs in, a relative path that is written starts at the service's own folder.
 */
function resolveForService(entry: FlagEntry, path: string): string {
  const isRead = !entry.flag.writes && !path.startsWith("/");
  const servicePath = isRead ? `${Deno.cwd()}/${path}` : path;
  rejectHiddenFolder(entry, servicePath);
  return servicePath;
}

/** @throws {UsageError} if ProtectHome= or PrivateTmp= hides the path from the service */
function rejectHiddenFolder({ flag }: FlagEntry, path: string): void {
  if (/^\/(home|root|run\/user|tmp|var\/tmp)(\/|$)/.test(path)) {
    throw new UsageError(
      `Cannot install with --${flag.name}=${path}: the service cannot access that folder: ` +
        `move it to ${PATHS.configFolder} or ${PATHS.stateFolder}`,
    );
  }
}

/** Formats a flag for the command line. */
function flagText({ flag }: FlagEntry, value: unknown): string {
  if (flag.kind === "bool") return value ? `--${flag.name}` : `--no${flag.name}`;
  return `--${flag.name}=${formatValue(value)}`;
}

/** Returns the folders outside its own that the service writes to. */
function writableFolders(
  { table, settings }: Configuration,
  writes: PlanOptions["writes"],
): string[] {
  return table.flagsOf("serve").flatMap((entry) => {
    const path = table.valueOf(settings, entry);
    if (!entry.flag.writes || typeof path !== "string") return [];
    if (!path.startsWith("/") || path.startsWith(PATHS.stateFolder)) return [];
    if (writes !== true && !writes.includes(path)) return [];
    return [entry.flag.writes === "file" ? path.replace(/\/[^/]*$/, "") : path];
  });
}

/** Runs a program as its account, and without a way back to the rights of root (setpriv(1)). */
const DROP_ROOT = [
  ...["setpriv", `--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, "--init-groups"],
  ...["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"],
];

/**
 * Returns the line for crontab that starts the program at boot and restarts it whenever it exits,
 * except after a usage or configuration error.
 */
function cronLine(command: readonly string[]): string {
  const line = [...DROP_ROOT, ...command.map(quoteForShell)].join(" ");
  // cron ends the command at an unescaped percent sign (crontab(5)).
  return (
    `@reboot umask 077; cd ${PATHS.stateFolder} && while :; do ${line}; ` +
    "case $? in 64|78) break;; esac; sleep 1; done"
  ).replaceAll("%", "\\%");
}

function quoteForShell(argument: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
