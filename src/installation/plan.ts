import { UsageError } from "../base/errors.ts";
import type { FlagEntry, FlagTable } from "../config/flag_table.ts";
import type { Configuration } from "../config/load.ts";
import { Secret } from "../config/secret.ts";
import { formatValue } from "../config/values.ts";
import { REDIS_CONFIG_FILE } from "../transports/redis/flags.ts";
import { cronLine } from "./cron.ts";
import { rejectShared, rejectSharedPrefix, type Services, withInstanceValues } from "./instance.ts";
import type { InstalledService } from "./installed.ts";
import { PATHS, type Service, serviceOf } from "./paths.ts";
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
import {
  addressDirectives,
  installedValues,
  quoteArgument,
  renderDropIn,
  renderInstanceUnit,
  renderUnit,
  type UnitValues,
} from "./unit.ts";

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
  /** The service to plan. @default the one without a name */
  readonly service?: Service;
  /** The services that are installed. @default none */
  readonly services?: readonly InstalledService[];
  /** True if the settings select an input. */
  readonly hasInput: boolean;
  /** Devices besides those of video4linux that the service may use, as `DeviceAllow=` names them. */
  readonly devices?: readonly string[];
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
export function installedFiles(
  table: Pick<FlagTable, "flagsOf">,
  { redisConfig, configFolder } = serviceOf(),
): string[] {
  return [
    redisConfig,
    ...table.flagsOf("serve").flatMap(({ flag: { secretFrom } }) =>
      secretFrom ? [`${configFolder}/${secretFrom.credential}`] : []
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
 * @param template the unit of `config/`, or that of all instances for an instance.
 * @throws {UsageError} for a path that a service cannot access, or that another service uses
 */
export function planService(
  configuration: Configuration,
  template: string,
  options: PlanOptions,
): ServicePlan {
  const { systemd, installed, writes, peers, devices = [], services = [] } = options;
  const { service = serviceOf() } = options;
  const { table } = configuration;
  const context: Services = { service, installed: services };
  const transfer = credentialTransferFor(systemd);
  const configured = configuredValues(configuration, service);
  if (configured.length === 0 && installed !== undefined) {
    return { files: unitFiles(template, service, installedValues(installed)), stale: [] };
  }
  const all = withInstanceValues(table, configured, context);
  const secrets = all.filter(({ value }) => value instanceof Secret);
  const keys = all.filter(isPrivateKey);
  const values = all.map((each) => valueForService(each, { service, transfer }));
  const redis = values.filter(({ entry, value }) =>
    entry.flag.file?.config === REDIS_CONFIG_FILE && !(value instanceof Secret)
  );
  const flags = values.filter((each) => !secrets.includes(each) && !redis.includes(each));
  const command = [...commandOf(flags, options)];
  rejectSharedValues({ flags, redis, command }, context, table);
  if (redis.length > 0) command.push(`--redis_config_path=${service.redisConfig}`);
  const units = unitFiles(template, service, {
    execStart: command.map(quoteArgument).join(" "),
    additions: [
      ...[...secrets, ...keys].flatMap((each) => credentialDirectives(each, { service, transfer })),
      ...writableFolders(configuration, { service, writes }).map((path) =>
        `ReadWritePaths=-${quoteArgument(path)}`
      ),
      ...devices.map((device) => `DeviceAllow=${device} rw`),
      ...addressDirectives(peers),
    ],
  });
  const files = [
    ...secrets.map((secret) => secretFile(secret, { service, transfer })),
    ...redis.length > 0 ? [redisFile(redis, service)] : [],
    ...units,
  ];
  const stale = configured.length === 0
    ? []
    : installedFiles(table, service).filter((path) => files.every((file) => file.path !== path));
  const cronFlags = secrets.map((secret) => secretFlag(secret, service));
  return { files, stale, cron: cronLine([...command, ...cronFlags], service) };
}

/** The parts of a plan that no two services may share. */
interface OwnValues {
  readonly flags: readonly ConfiguredValue[];
  readonly redis: readonly ConfiguredValue[];
  readonly command: readonly string[];
}

/** @throws {UsageError} if another service has a value that belongs to one service alone */
function rejectSharedValues(
  { flags, redis, command }: OwnValues,
  services: Services,
  table: Pick<FlagTable, "flagsOf">,
): void {
  const exclusive = new Set(
    flags.filter(({ entry: { flag }, value }) =>
      flag.name === "camera_device" || (flag.writes && `${value}`.startsWith("/"))
    ).map(({ entry, value }) => flagText(entry, value)),
  );
  rejectShared(command, services, (argument) => exclusive.has(argument));
  const defaults = table.flagsOf("serve").filter(({ flag }) =>
    flag.file?.config === REDIS_CONFIG_FILE
  ).map((entry) => ({ entry, value: entry.flag.default }));
  rejectSharedPrefix(redisObject(redis), services, redisObject(defaults));
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
function redisFile(values: readonly ConfiguredValue[], { redisConfig }: Service): PlannedFile {
  const text = JSON.stringify(redisObject(values), null, 2) + "\n";
  return { path: redisConfig, mode: 0o644, text, secret: false };
}

/** Returns values for Redis by their keys in the JSON file. */
function redisObject(values: readonly ConfiguredValue[]): Record<string, unknown> {
  return Object.fromEntries(values.map(({ entry, value }) => [entry.flag.file?.key ?? "", value]));
}

/** Returns the unit, or that of all instances and the drop-in of this one. */
function unitFiles(template: string, service: Service, values: UnitValues): PlannedFile[] {
  const file = (path: string, text: string) => ({ path, mode: 0o644, text, secret: false });
  if (service.instance === undefined) return [file(service.unit, renderUnit(template, values))];
  return [
    file(PATHS.instanceUnit, renderInstanceUnit(template)),
    file(service.unit, renderDropIn(values)),
  ];
}

/** Returns the values that are not defaults; files of values are replaced by their values. */
function configuredValues(
  { table, settings, originOf }: Configuration,
  service: Service,
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
      value: entry.flag.kind === "path" ? resolveForService(entry, `${value}`, service) : value,
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
function resolveForService(entry: FlagEntry, path: string, service: Service): string {
  const isRead = !entry.flag.writes && !path.startsWith("/");
  const servicePath = isRead ? `${Deno.cwd()}/${path}` : path;
  rejectHiddenFolder(entry, servicePath, service);
  rejectCode(entry, servicePath);
  return servicePath;
}

/** @throws {UsageError} if ProtectHome= or PrivateTmp= hides the path from the service */
function rejectHiddenFolder(
  { flag }: FlagEntry,
  path: string,
  { configFolder, stateFolder }: Service,
): void {
  if (/^\/(home|root|run\/user|tmp|var\/tmp)(\/|$)/.test(path)) {
    throw new UsageError(
      `Cannot install with --${flag.name}=${path}: the service cannot access that folder: ` +
        `move it to ${configFolder} or ${stateFolder}`,
    );
  }
}

/** @throws {UsageError} if ExecPaths= does not let the service execute the file */
function rejectCode({ flag }: FlagEntry, path: string): void {
  if (flag.loadsCode && !/^\/(usr|lib|lib64)\//.test(path)) {
    throw new UsageError(
      `Cannot install with --${flag.name}=${path}: the service executes files below /usr only: ` +
        "install the library there",
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
  { service, writes }: { readonly service: Service } & Pick<PlanOptions, "writes">,
): string[] {
  return table.flagsOf("serve").flatMap((entry) => {
    const path = table.valueOf(settings, entry);
    if (!entry.flag.writes || typeof path !== "string") return [];
    const isOwn = path === service.stateFolder || path.startsWith(`${service.stateFolder}/`);
    if (!path.startsWith("/") || isOwn) return [];
    if (writes !== true && !writes.includes(path)) return [];
    return [entry.flag.writes === "file" ? path.replace(/\/[^/]*$/, "") : path];
  });
}
