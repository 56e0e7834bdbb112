import { list, text, topic, type ValuesOf } from "../config/flag.ts";
import type { PermissionsOf } from "../config/permissions.ts";
import { FORMATS } from "./formats/list.ts";

/** The command `record`. */
export const recordFlags = topic("Recording to files", ["record"], {
  outputDirectory: text("output_dir", "Folder to write the sessions to.", {
    default: "./recordings",
    placeholder: "FOLDER",
  }),
  formats: list(
    "format",
    "Further formats beside JSON lines, JSON and CSV: " +
      `${FORMATS.map(({ name, description }) => `${name} (${description})`).join(", ")}.`,
    {
      placeholder: FORMATS.map(({ name }) => name).join(","),
      pattern: {
        regex: new RegExp(`^(?:${FORMATS.map(({ name }) => name).join("|")})$`),
        description: `a list of ${FORMATS.map(({ name }) => name).join(", ")}`,
      },
    },
  ),
});

export type RecordSettings = ValuesOf<typeof recordFlags>;

export const recordPermissions: PermissionsOf<{ readonly record: RecordSettings }> = (
  { record },
) => ({ write: [record.outputDirectory] });
