import type { CommandHandler } from "../control/commands.ts";
import type { RecordingStateSettings } from "../control/flags.ts";
import type { Recording } from "../control/recording.ts";
import { RecordingFile } from "../control/recording_file.ts";
import type { Log } from "../telemetry/log.ts";

/** Resumes the recording that a crash interrupted, or starts one if the settings ask for it. */
export function openRecording(
  { server: { statePath, startWithRecordingOn } }: { readonly server: RecordingStateSettings },
  { recording, commands, log }: {
    readonly recording: Recording;
    readonly commands: CommandHandler;
    readonly log: Log;
  },
): void {
  const file = statePath === undefined ? undefined : new RecordingFile(statePath, log);
  const interrupted = file?.interrupted();
  file?.sync(recording);
  if (interrupted) {
    log.warning("Resuming the recording that was running when the server last crashed");
    commands.apply(interrupted, "restart");
  } else if (startWithRecordingOn) {
    commands.apply({ recording: true }, "flag");
  }
}
