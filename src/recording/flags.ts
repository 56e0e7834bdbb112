import { list, optionalPath, text, topic, type ValuesOf } from "../config/flag.ts";
import type { Rule } from "../config/flag_table.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";
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
  recipients: optionalPath(
    "record_recipients",
    "File with public keys of age, one a line; sessions are encrypted, and only the owners of the " +
      "keys can read them.",
  ),
});

export type RecordSettings = ValuesOf<typeof recordFlags>;

export const recordRule: Rule<{ readonly record: RecordSettings }> = ({ record }) => {
  const open = FORMATS.find(({ name, isSealable }) => record.formats.includes(name) && !isSealable);
  return open && record.recipients !== undefined
    ? `Cannot use --format=${open.name} together with --record_recipients: its files would show ` +
      "the session"
    : undefined;
};

export const recordPermissions: PermissionsOf<{ readonly record: RecordSettings }> = (
  { record },
) => ({ write: [record.outputDirectory], read: definedPaths(record.recipients) });
