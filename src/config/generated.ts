import { defaultFileText } from "./default_files.ts";
import type { FlagTable } from "./flag_table.ts";
import { jsonSchema } from "./render/json_schema.ts";
import { flagsPage } from "./render/markdown.ts";

/** Returns the text of every file that is generated from the flag table, by its path. */
export function generatedFiles(table: FlagTable): ReadonlyMap<string, string> {
  return new Map([
    ["docs/FLAGS.md", flagsPage(table)],
    ...table.configFiles.flatMap((file) =>
      [
        [`config/${file.defaultFile}`, defaultFileText(table, file)],
        [`config/${file.schemaFile}`, toText(jsonSchema(table, file))],
      ] as const
    ),
  ]);
}

function toText(value: object): string {
  return JSON.stringify(value, null, 2) + "\n";
}
