import { DEFAULT_FILE_NAMES, defaultFileText } from "./default_files.ts";
import { jsonSchema } from "./render/json_schema.ts";
import { flagsPage } from "./render/markdown.ts";

/** Every file of the project that follows from the flag table, by its path, with its text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/FLAGS.md", flagsPage()],
    [`config/${DEFAULT_FILE_NAMES.redis}`, defaultFileText("redis")],
    [`config/${DEFAULT_FILE_NAMES.filesystem}`, defaultFileText("filesystem")],
    ["config/redis_ipc_config.schema.json", pretty(jsonSchema("redis"))],
    ["config/file_ipc_config.schema.json", pretty(jsonSchema("filesystem"))],
  ]);
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2) + "\n";
}
