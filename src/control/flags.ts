import { bool, optionalPath, topic, type ValuesOf } from "../config/flag.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";

/** The recording state; part of `settings.server`. */
export const recordingStateFlags = topic("Control", ["serve"], {
  startWithRecordingOn: bool("start_with_recording_on", "Start with recording on."),
  statePath: optionalPath(
    "state_path",
    "Folder that stores the recording state, so that a recording continues after a crash.",
    { placeholder: "FOLDER", writes: "folder" },
  ),
  metricsOnlyWhileRecording: bool(
    "metrics_only_while_recording",
    "Publish metrics only while a recording is on.",
  ),
});

export type RecordingStateSettings = ValuesOf<typeof recordingStateFlags>;

export const recordingStatePermissions: PermissionsOf<
  { readonly server: RecordingStateSettings }
> = ({ server }) => ({ write: definedPaths(server.statePath) });
