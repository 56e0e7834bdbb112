import { commandInfo, type CommandName } from "./command_names.ts";
import type { Flag, Topic, ValuesOf } from "./flag.ts";
import { camera } from "./flags/camera.ts";
import { file } from "./flags/file.ts";
import { install, logging, output, program } from "./flags/program.ts";
import { publish } from "./flags/publish.ts";
import { redis } from "./flags/redis.ts";
import { dashboard, record, server } from "./flags/server.ts";
import { simulate, simulation } from "./flags/simulate.ts";
import { video } from "./flags/video.ts";
import { validate, vitals } from "./flags/vitals.ts";

/**
 * The one flag table. A row here is parsed, validated, explained, completed, documented, and read
 * from the environment and the JSON files, and its value appears in `Settings`.
 */
const TABLE = {
  camera,
  video,
  simulate,
  publish,
  redis,
  file,
  vitals,
  server,
  simulation,
  validate,
  record,
  dashboard,
  install,
  output,
  logging,
  program,
};

/** Every value of the program, frozen, by topic: `settings.redis.connectionTimeoutMs`. */
export type Settings = {
  readonly [Name in keyof typeof TABLE]: ValuesOf<(typeof TABLE)[Name]>;
};

/** A row with its place in `Settings`. */
export interface FlagEntry {
  readonly flag: Flag;
  readonly topic: keyof Settings;
  readonly key: string;
  readonly title: string;
  /** Every command that takes it, also those that take all that `serve` does. */
  readonly commands: readonly CommandName[];
}

/** Every row, in the order of the table. */
export const FLAGS: readonly FlagEntry[] = Object.entries<Topic>(TABLE).flatMap(
  ([name, { title, commands, rows }]) =>
    Object.entries(rows).map(([key, flag]) => ({
      flag,
      topic: name as keyof Settings,
      key,
      title,
      commands: flag.commands ?? commands,
    })),
);

/** The rows that `command` takes; their names are unique. */
export function flagsOf(command: CommandName): readonly FlagEntry[] {
  const takesServe = commandInfo(command).takesServe ?? false;
  return FLAGS.filter(({ commands }) =>
    commands.includes(command) || (takesServe && commands.includes("serve"))
  );
}

/** The environment variable of a flag. */
export function environmentName(flag: Flag): string {
  return `PHYSIOLOGY_${flag.name.toUpperCase()}`;
}

/** Builds `Settings` from one value for each row, and freezes it. */
export function buildSettings(valueOf: (entry: FlagEntry) => unknown): Settings {
  const topics: Record<string, Record<string, unknown>> = {};
  for (const entry of FLAGS) {
    const values = topics[entry.topic] ??= {};
    values[entry.key] = valueOf(entry);
  }
  for (const values of Object.values(topics)) Object.freeze(values);
  // The table gives both the type and the rows, so that each key has the type of its row.
  return Object.freeze(topics) as unknown as Settings;
}

/** What every value is where nobody says anything; for tests and documentation. */
export function defaultSettings(): Settings {
  return buildSettings(({ flag }) => flag.default);
}
