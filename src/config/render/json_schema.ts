import * as z from "zod";
import { fileKeys } from "../config_file.ts";
import type { ConfigFile, Flag } from "../flag.ts";
import type { FlagTable } from "../flag_table.ts";
import { Secret } from "../secret.ts";
import { schemaOf } from "../values.ts";

/** Returns the JSON Schema (draft 2020-12) of a JSON file, for editors and other programs. */
export function jsonSchema(table: FlagTable, config: ConfigFile): object {
  const properties: Record<string, object> = {};
  for (const [key, { flag }] of fileKeys(table, config)) properties[key] = propertyOf(flag);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `The ${config.name} configuration of physiology_server`,
    type: "object",
    properties,
    additionalProperties: false,
  };
}

function propertyOf(flag: Flag): object {
  const { $schema: _, ...schema } = z.toJSONSchema(schemaOf(flag));
  const value = flag.default instanceof Secret ? flag.default.reveal() : flag.default;
  return { description: flag.help, ...schema, ...value === undefined ? {} : { default: value } };
}
