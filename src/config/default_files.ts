import { fileKeys } from "./config_file.ts";
import type { ConfigFile } from "./flag.ts";
import type { FlagTable } from "./flag_table.ts";
import { Secret } from "./secret.ts";

/** Returns the JSON text of a file with the default value of every documented key. */
export function defaultFileText(table: FlagTable, config: ConfigFile): string {
  const values: Record<string, unknown> = {};
  for (const [key, { flag }] of fileKeys(table, config)) {
    if (!flag.file?.documented) continue;
    values[key] = flag.default instanceof Secret ? flag.default.reveal() : flag.default;
  }
  return JSON.stringify(values, null, 2) + "\n";
}
