import { alertFlags, alertRule } from "../alerting/flags.ts";
import type { SourceKind } from "../capture/source_kind.ts";
import { gstreamerRule } from "../capture/gstreamer/flags.ts";
import { libcameraRule } from "../capture/libcamera/flags.ts";
import { simulationFlags } from "../capture/simulator/flags.ts";
import { topic } from "../config/flag.ts";
import { defineFlags, type SettingsOf, type Topics } from "../config/flag_table.ts";
import {
  type Configuration as ConfigurationOf,
  load as loadTable,
  type LoadContext,
  systemContext,
} from "../config/load.ts";
import { recordingStateFlags } from "../control/flags.ts";
import { databaseFlags, databasePolicy, databaseRule, logRule } from "../database/flags.ts";
import { publishFlags, publishRules } from "../delivery/flags.ts";
import { fhirCommandRule, fhirFlags, fhirPolicy, fhirRules } from "../fhir/flags.ts";
import { installFlags } from "../installation/flags.ts";
import { withProvision } from "../installation/provision.ts";
import { fleetFlags, fleetPolicy } from "../fleet/flags.ts";
import { recordFlags, recordRule } from "../recording/flags.ts";
import { videoRules } from "../capture/ffmpeg/flags.ts";
import { grpcFlags, grpcRules } from "../transports/grpc/flags.ts";
import type { Outlet } from "../transports/outlet.ts";
import { aclFlags, aclRule } from "../transports/redis/acl/flags.ts";
import { redisPolicy } from "../transports/redis/flags.ts";
import { readerFlags, readerRule } from "../transports/redis/reader_flags.ts";
import type { Transport } from "../transports/transport.ts";
import { validateFlags } from "../validation/flags.ts";
import { vitalsFlags } from "../vitals/flags.ts";
import { alarmFlags, dashboardFlags, httpFlags, httpTlsFlags, webRules } from "../web/flags.ts";
import { loggingFlags, outputFlags, programFlags, stopFlags } from "./program_flags.ts";
import { OUTLETS } from "./outlets.ts";
import { SOURCES } from "./sources.ts";
import { TRANSPORTS } from "./transports.ts";

const TOPICS = {
  ...topicsOf(SOURCES),
  publish: publishFlags({ names: TRANSPORTS.map(({ name }) => name), default: "redis" }),
  ...topicsOf(TRANSPORTS),
  ...topicsOf(OUTLETS),
  vitals: vitalsFlags,
  server: topic("Control", ["serve"], {
    ...grpcFlags.rows,
    ...httpFlags.rows,
    ...recordingStateFlags.rows,
    ...stopFlags.rows,
  }),
  http: httpTlsFlags,
  alarms: alarmFlags,
  simulation: simulationFlags,
  fleet: fleetFlags,
  validate: validateFlags,
  record: recordFlags,
  reader: readerFlags,
  alert: alertFlags,
  fhir: fhirFlags,
  database: databaseFlags,
  dashboard: dashboardFlags,
  acl: aclFlags,
  install: installFlags,
  output: outputFlags,
  logging: loggingFlags,
  program: programFlags,
};

/** The settings of the program by topic: `settings.redis.connectionTimeoutMs`. */
export type Settings = SettingsOf<typeof TOPICS>;

/** Every flag of the program, in the order of help. */
export const FLAGS = defineFlags(TOPICS, {
  rules: [
    ...publishRules,
    ...TRANSPORTS.flatMap(rulesOf),
    ...OUTLETS.flatMap(rulesOf),
    libcameraRule,
    gstreamerRule,
    ...videoRules,
    ...grpcRules,
    ...webRules,
    ...fhirRules,
    recordRule,
    databaseRule,
  ],
  policies: [
    redisPolicy,
    fleetPolicy,
    fhirPolicy,
    databasePolicy,
    ...OUTLETS.flatMap(policiesOf),
  ],
  commandRules: {
    "serve": [inputConflict],
    "check-config": [inputConflict],
    "up": [severalInputs],
    "check-camera": [severalInputs],
    "acl": [aclRule],
    "alert": [alertRule, readerRule],
    "dashboard": [readerRule],
    "fhir": [fhirCommandRule, readerRule],
    "log": [logRule, readerRule],
  },
});

/** The configuration of a run. */
export type Configuration = ConfigurationOf<Settings>;

/** Loads the configuration of the program; see `src/config/load.ts`. */
export function load(
  argv: readonly string[],
  context: LoadContext = systemContext(),
): Configuration {
  return loadTable(FLAGS, withProvision(FLAGS, argv, context), context);
}

/** Returns true if no flag, environment variable or file sets this flag of the server. */
export function isUnset(name: string, { originOf }: Pick<Configuration, "originOf">): boolean {
  const entry = FLAGS.flagsOf("serve").find(({ flag }) => flag.name === name);
  return entry !== undefined && originOf(entry).kind === "default";
}

/** Returns the inputs that the settings select; `serve` requires exactly one. */
export function selectedSources(settings: Settings): readonly SourceKind<Settings>[] {
  return SOURCES.filter((source) => source.isSelected(settings));
}

/** Returns the transport that the settings select. */
export function selectedTransport({ publish }: Settings): Transport<Settings> {
  return TRANSPORTS.find(({ name }) => name === publish.backend)!;
}

/** Returns the outlets that the settings enable, beside the selected transport. */
export function selectedOutlets(settings: Settings): readonly Outlet<Settings>[] {
  return OUTLETS.filter((outlet) => outlet.isSelected(settings));
}

function inputConflict(settings: Settings): string | undefined {
  if (selectedSources(settings).length > 0) return severalInputs(settings);
  const all = SOURCES.map(({ selectedBy }) => selectedBy);
  return `Cannot start without an input: add ${all.slice(0, -1).join(", ")} or ${all.at(-1)}, ` +
    "or run physiology_server up, which finds a camera and a broker";
}

function severalInputs(settings: Settings): string | undefined {
  const selected = selectedSources(settings).map(({ selectedBy }) => selectedBy.split("=")[0]);
  if (selected.length < 2) return undefined;
  return `Cannot use ${selected.join(" and ")} together: choose one input`;
}

/** The intersection of the members of a union. */
type IntersectionOf<Union> = (Union extends unknown ? (member: Union) => void : never) extends
  (merged: infer Intersection) => void ? Intersection : never;

/** Merges the topics of all rows, in their order. */
function topicsOf<const Row extends { readonly topics: Topics }>(
  rows: readonly Row[],
): IntersectionOf<Row["topics"]> {
  return Object.assign({}, ...rows.map(({ topics }) => topics));
}

function rulesOf({ rules }: Pick<Transport<Settings>, "rules">) {
  return rules;
}

function policiesOf({ policies }: Pick<Outlet<Settings>, "policies">) {
  return policies;
}
