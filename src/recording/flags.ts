import { text, topic, type ValuesOf } from "../config/flag.ts";
import type { PermissionsOf } from "../config/permissions.ts";

/** The metrics-saving client. */
export const recordFlags = topic("Recording to files", ["record"], {
  outputDirectory: text("output_dir", "The folder to write sessions into.", {
    default: "./recordings",
    placeholder: "FOLDER",
  }),
});

export type RecordSettings = ValuesOf<typeof recordFlags>;

export const recordPermissions: PermissionsOf<{ readonly record: RecordSettings }> = (
  { record },
) => ({ write: [record.outputDirectory] });
