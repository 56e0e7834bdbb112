import { optionalPath, text, topic, type ValuesOf } from "../config/flag.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";

/** The command `record`. */
export const recordFlags = topic("Recording to files", ["record"], {
  outputDirectory: text("output_dir", "Folder to write the sessions to.", {
    default: "./recordings",
    placeholder: "FOLDER",
  }),
  recipients: optionalPath(
    "record_recipients",
    "File with public keys of age, one a line; sessions are encrypted, and only the owners of the " +
      "keys can read them.",
  ),
});

export type RecordSettings = ValuesOf<typeof recordFlags>;

export const recordPermissions: PermissionsOf<{ readonly record: RecordSettings }> = (
  { record },
) => ({ write: [record.outputDirectory], read: definedPaths(record.recipients) });
