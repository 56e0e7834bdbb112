import { environmentName } from "./flag.ts";
import type { FlagTable } from "./flag_table.ts";
import { nearest } from "../base/nearest.ts";

/** What is no flag and is read all the same: where ffmpeg is, and words between the launcher and us. */
const OTHERS = ["ASSETS", "EXECUTABLE", "FFMPEG", "NOTIFY", "RUNNING", "STAGE", "VERIFY"];

/** A sentence for each variable that nothing reads, but whose name is near to one that is read. */
export function misspelledVariables(
  table: FlagTable,
  env: Readonly<Record<string, string>>,
): string[] {
  const known = new Set([
    ...table.entries.map(({ flag }) => environmentName(flag)),
    ...OTHERS.map((name) => `PHYSIOLOGY_${name}`),
  ]);
  const strangers = Object.keys(env)
    .filter((name) => name.startsWith("PHYSIOLOGY_") && !known.has(name));
  return strangers.flatMap((name) => {
    const near = nearest(name, known);
    return near === undefined ? [] : [`Nothing reads ${name}: did you mean ${near}?`];
  });
}
