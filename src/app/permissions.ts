import { alertPermissions } from "../alerting/flags.ts";
import { vidPermissions } from "../capture/libcamera/program.ts";
import { ffmpegPermissions } from "../capture/ffmpeg/permissions.ts";
import { simulationPermissions } from "../capture/simulator/flags.ts";
import { assetsFolder } from "../base/assets.ts";
import type { CommandName } from "../config/command_names.ts";
import {
  combinePermissions,
  definedPaths,
  missingPermission,
  type Permissions,
  type PermissionsOf,
  type ProgramContext,
} from "../config/permissions.ts";
import { recordingStatePermissions } from "../control/flags.ts";
import { databasePermissions } from "../database/flags.ts";
import { publishPermissions } from "../delivery/flags.ts";
import { fhirPermissions } from "../fhir/flags.ts";
import { installedPermissions, installPermissions } from "../installation/flags.ts";
import { recordPermissions } from "../recording/flags.ts";
import { grpcPermissions } from "../transports/grpc/flags.ts";
import { aclPermissions } from "../transports/redis/acl/flags.ts";
import { redisPermissions } from "../transports/redis/flags.ts";
import { validatePermissions } from "../validation/flags.ts";
import { vitalsPermissions } from "../vitals/flags.ts";
import { dashboardPermissions, httpPermissions } from "../web/flags.ts";
import { upPermissions } from "./up/permissions.ts";
import {
  FLAGS,
  selectedOutlets,
  selectedSources,
  selectedTransport,
  type Settings,
} from "./flags.ts";

type Part = PermissionsOf<Settings>;

const native: Part = () => ({ ffi: true });
const assets: Part = (_settings, program) => ({ read: [program.assets] });
const logFile: Part = ({ logging }) => ({ write: definedPaths(logging.path, logging.tracePath) });

/** The files of the configuration, which the start and a reload read. */
const configuration: Part = (settings, { env }) => ({
  read: definedPaths(env["CREDENTIALS_DIRECTORY"], ...configurationFiles(settings)),
});

/** Returns the JSON files and the secret files that the settings name. */
function configurationFiles(settings: Settings): string[] {
  const secretFiles = FLAGS.entries.flatMap(({ flag }) => flag.secretFrom?.fileFlag ?? []);
  const names = [...FLAGS.configFiles.map(({ pathFlag }) => pathFlag), ...secretFiles];
  return FLAGS.entries.filter(({ flag }) => names.includes(flag.name))
    .map((entry) => FLAGS.valueOf(settings, entry))
    .filter((path) => typeof path === "string");
}

/** systemd's socket, and the socket that notifications are sent from; see `src/telemetry/systemd.ts`. */
const notifications: Part = (_settings, { env }) => {
  const { NOTIFY_SOCKET: to, PHYSIOLOGY_NOTIFY: from } = env;
  const sockets = to && from ? [to, from] : [];
  return { write: sockets, net: sockets.map((path) => `unix:${path}`) };
};

const source: Part = (settings, program) =>
  combinePermissions(selectedSources(settings).map((kind) => kind.permissions(settings, program)));

const transport: Part = (settings, program) =>
  selectedTransport(settings).permissions(settings, program);

const outlets: Part = (settings, program) =>
  combinePermissions(
    selectedOutlets(settings).map((outlet) => outlet.permissions(settings, program)),
  );

/** What a fleet needs; a video needs no network. */
const fleet: Part = (settings, program) =>
  settings.fleet.devices > 0
    ? combinePermissions(
      [configuration, redisPermissions, logFile].map((part) => part(settings, program)),
    )
    : {};

/** The parts of the server. */
const SERVER: readonly Part[] = [
  native,
  assets,
  source,
  vitalsPermissions,
  configuration,
  transport,
  outlets,
  logFile,
  publishPermissions,
  grpcPermissions,
  httpPermissions,
  recordingStatePermissions,
  notifications,
];

/** The parts of each command; undefined for commands that only read and print. */
const PARTS: Readonly<Record<CommandName, readonly Part[] | undefined>> = {
  "serve": SERVER,
  // Which input it uses is not known yet: the simulated camera needs more than a camera.
  "up": [...SERVER, ffmpegPermissions, vidPermissions, upPermissions],
  "devices": [native, assets, vidPermissions, installedPermissions],
  "simulate": [native, assets, ffmpegPermissions, simulationPermissions, fleet],
  "validate": [native, ffmpegPermissions, validatePermissions],
  "record": [configuration, redisPermissions, logFile, recordPermissions],
  "alert": [configuration, redisPermissions, logFile, alertPermissions],
  "fhir": [configuration, redisPermissions, logFile, fhirPermissions],
  "log": [configuration, redisPermissions, logFile, databasePermissions],
  "dashboard": [configuration, redisPermissions, logFile, dashboardPermissions],
  "acl": [aclPermissions],
  "install": [installPermissions],
  "uninstall": [installPermissions],
  "save-default-config": [() => ({ write: ["."] })],
  "help": undefined,
  "version": undefined,
  "licenses": undefined,
  "completions": undefined,
  "man": undefined,
  "check-camera": [
    native,
    assets,
    source,
    vidPermissions,
    vitalsPermissions,
    configuration,
    logFile,
  ],
  "check-config": SERVER,
  "print-config": undefined,
};

/**
 * Returns the permissions that `command` needs with these settings; undefined if it only reads and
 * prints, which the planning run of the launcher does itself.
 */
export function permissionsFor(
  command: CommandName,
  ...[settings, program]: Parameters<Part>
): Permissions | undefined {
  const parts = PARTS[command];
  return parts && combinePermissions(parts.map((part) => part(settings, program)));
}

/** Returns the files and the environment of this process. */
export function programContext(): ProgramContext {
  const env = Deno.env.toObject();
  return { assets: assetsFolder(), env };
}

/**
 * Returns a host or file that the selected transport needs and this process may not use; undefined
 * if nothing is missing.
 */
export function missingForTransport(settings: Settings): string | undefined {
  return missingPermission(transport(settings, programContext()));
}
