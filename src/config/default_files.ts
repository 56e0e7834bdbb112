import { fileKeys } from "./config_file.ts";
import type { ConfigFile } from "./flag.ts";
import type { FlagTable } from "./flag_table.ts";
import { Secret } from "./secret.ts";

/** The documented keys with their defaults, in the documented order, as a JSON text. */
export function defaultFileText(table: FlagTable, config: ConfigFile): string {
  const values: Record<string, unknown> = {};
  for (const [key, { flag }] of fileKeys(table, config)) {
    if (!flag.file?.documented) continue;
    values[key] = flag.default instanceof Secret ? flag.default.reveal() : flag.default;
  }
  return JSON.stringify(values, null, 2) + "\n";
}
