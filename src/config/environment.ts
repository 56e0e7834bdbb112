import { environmentName } from "./flag.ts";
import type { FlagTable } from "./flag_table.ts";
import { nearest } from "../base/nearest.ts";

/** Variables without a flag: the path of ffmpeg, its sandbox, and what the launcher sets. */
const OTHER_VARIABLES = [
  "ASSETS",
  "EXECUTABLE",
  "FFMPEG",
  "FFMPEG_SANDBOX",
  "NOTIFY",
  "STAGE",
];

/** Returns a warning for each unknown variable whose name is similar to a known one. */
export function misspelledVariables(
  table: FlagTable,
  env: Readonly<Record<string, string>>,
): string[] {
  const known = new Set([
    ...table.entries.map(({ flag }) => environmentName(flag)),
    ...OTHER_VARIABLES.map((name) => `PHYSIOLOGY_${name}`),
  ]);
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith("PHYSIOLOGY_") && !known.has(name));
  return unknown.flatMap((name) => {
    const similar = nearest(name, known);
    return similar === undefined
      ? []
      : [`Ignoring the unknown environment variable ${name}: did you mean ${similar}?`];
  });
}
