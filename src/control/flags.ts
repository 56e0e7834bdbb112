import { bool, optionalPath, topic, type ValuesOf } from "../config/flag.ts";
import { given, type PermissionsOf } from "../config/permissions.ts";

/** The state of recording; part of `settings.server`. */
export const recordingStateFlags = topic("Control", ["serve"], {
  startWithRecordingOn: bool("start_with_recording_on", "Begin with recording on."),
  statePath: optionalPath(
    "state_path",
    "A folder that remembers a running recording, so that it goes on after a crash.",
    { placeholder: "FOLDER", writes: "folder" },
  ),
  metricsOnlyWhileRecording: bool(
    "metrics_only_while_recording",
    "Publish metrics only while recording is on.",
  ),
});

export type RecordingStateSettings = ValuesOf<typeof recordingStateFlags>;

export const recordingStatePermissions: PermissionsOf<
  { readonly server: RecordingStateSettings }
> = ({ server }) => ({ write: given(server.statePath) });
