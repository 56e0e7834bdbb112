import { fileKeys } from "./config_file.ts";
import type { ConfigFileName } from "./flag.ts";
import { Secret } from "./secret.ts";

/** The names of the files that `--save_default_..._ipc_config` writes. */
export const DEFAULT_FILE_NAMES: Readonly<Record<ConfigFileName, string>> = {
  redis: "default_redis_ipc_config.json",
  filesystem: "default_file_ipc_config.json",
};

/** The documented keys with their defaults, in the documented order, as a JSON text. */
export function defaultFileText(config: ConfigFileName): string {
  const values: Record<string, unknown> = {};
  for (const [key, { flag }] of fileKeys(config)) {
    if (!flag.file?.documented) continue;
    values[key] = flag.default instanceof Secret ? flag.default.reveal() : flag.default;
  }
  return JSON.stringify(values, null, 2) + "\n";
}
