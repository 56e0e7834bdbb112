import { UsageError } from "../base/errors.ts";
import { type FlagEntry, flagsOf, type Settings } from "../config/flags.ts";
import type { Loaded } from "../config/load.ts";
import { Secret } from "../config/secret.ts";
import { showValue } from "../config/values.ts";
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
  /** systemd's version, or "none" where cron takes its place. @default one that knows credentials */
  readonly systemd?: number | "none" | undefined;
  /** The text of the unit that is installed already. */
  readonly installed?: string | undefined;
}

/** What any `install` may write into our folder of the configuration; the rest is the user's. */
const OWN_FILES = [
  PLACES.redisConfig,
  ...flagsOf("serve").flatMap(({ flag: { secretFrom } }) =>
    secretFrom ? [`${PLACES.folder}/${secretFrom.credential}`] : []
  ),
];

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
  { systemd, installed }: PlanOptions = {},
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
    entry.flag.file?.config === "redis" && !(value instanceof Secret)
  );
  const flags = seen.filter((each) => !secrets.includes(each) && !redis.includes(each));
  const command = [...commandOf(loaded.settings, flags)];
  if (redis.length > 0) command.push(`--redis_config_path=${PLACES.redisConfig}`);
  const unit = renderUnit(template, {
    execStart: command.map(quoteArgument).join(" "),
    additions: [
      ...[...secrets, ...keys].flatMap((each) => credentialDirectives(each, transfer)),
      ...writableFolders(loaded.settings).map((path) => `ReadWritePaths=-${quoteArgument(path)}`),
    ],
  });
  const files = [
    ...secrets.map((secret) => secretFile(secret, transfer)),
    ...redis.length > 0 ? [redisFile(redis)] : [],
    unitFile(unit),
  ];
  const stale = given.length === 0
    ? []
    : OWN_FILES.filter((path) => files.every((file) => file.path !== path));
  return { files, stale, cron: cronLine([...command, ...secrets.map(secretFlag)]) };
}

function* commandOf(settings: Settings, flags: readonly Given[]): Generator<string> {
  const isGiven = (name: string) => flags.some(({ entry }) => entry.flag.name === name);
  yield PLACES.program;
  if (!hasInput(settings)) yield "--use_camera";
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
function givenValues({ settings, originOf }: Loaded): readonly Given[] {
  const consumed = new Set(["redis_config_path", "filesystem_ipc_config_path"]);
  const entries = flagsOf("serve").filter(({ flag }) => !flag.action);
  for (const { flag } of entries) if (flag.secretFrom) consumed.add(flag.secretFrom.fileFlag);
  return entries.flatMap((entry) => {
    if (consumed.has(entry.flag.name) || originOf(entry).kind === "default") return [];
    const topic = settings[entry.topic] as Readonly<Record<string, unknown>>;
    const value = topic[entry.key];
    if (value === undefined || (value instanceof Secret && value.isEmpty)) return [];
    return [{ entry, value: entry.flag.kind === "path" ? servicePath(entry, `${value}`) : value }];
  });
}

/** What the service writes, and so keeps in its own folder where the path is relative. */
const WRITTEN = new Set([
  "spool_path",
  "state_path",
  "file_base_directory",
  "log_path",
  "simulate_truth_path",
]);

/** What is read lies where the user of `install` sees it. */
function servicePath(entry: FlagEntry, path: string): string {
  const isRead = !WRITTEN.has(entry.flag.name) && !path.startsWith("/") && !path.includes("://");
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

function hasInput({ camera, video, simulate }: Settings): boolean {
  return camera.use || simulate.enabled || video.inputPath !== undefined;
}

function writableFolders({ publish, file, logging, server, simulate }: Settings): string[] {
  const files = [logging.path, simulate.truthPath].map((path) => path?.replace(/\/[^/]*$/, ""));
  const folders = [
    publish.spoolPath,
    server.statePath,
    publish.backend === "file" ? file.baseDirectory : undefined,
  ];
  return [...files, ...folders].filter((path): path is string =>
    path !== undefined && path.startsWith("/") && !path.startsWith(PLACES.state)
  );
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
