import { text, topic, type ValuesOf } from "../config/flag.ts";
import type { PermissionsOf } from "../config/permissions.ts";

/** The command `record`. */
export const recordFlags = topic("Recording to files", ["record"], {
  outputDirectory: text("output_dir", "Folder to write the sessions to.", {
    default: "./recordings",
    placeholder: "FOLDER",
  }),
});

export type RecordSettings = ValuesOf<typeof recordFlags>;

export const recordPermissions: PermissionsOf<{ readonly record: RecordSettings }> = (
  { record },
) => ({ write: [record.outputDirectory] });
