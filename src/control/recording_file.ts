import { reasonOf } from "../base/errors.ts";
import type { Log } from "../telemetry/log.ts";
import { parseRecordingCommand } from "./commands.ts";
import { type Recording, type RecordingCommand, recordingPayload } from "./recording.ts";

const NAME = "recording.json";

/**
 * Persists the current recording in a directory, so that it survives a crash or a power cut. The
 * file exists exactly while recording, and has the format of the command that started it.
 */
export class RecordingFile {
  readonly #directory: string;
  readonly #path: string;
  readonly #log: Log;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#path = `${directory}/${NAME}`;
    this.#log = log;
  }

  /** Reads the recording that a crash or a power cut interrupted, if any. */
  interrupted(): RecordingCommand | undefined {
    let bytes: Uint8Array;
    try {
      bytes = Deno.readFileSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#warn("read", error);
      return undefined;
    }
    const parsed = parseRecordingCommand(bytes);
    if (parsed.state === "ok" && parsed.command.recording) return parsed.command;
    this.#warn("parse", "it is not a recording command");
    return undefined;
  }

  /** Keeps the file in sync with the state of `recording` from now on. */
  sync(recording: Recording): void {
    recording.onChange(() => {
      // The present state: between two sessions the file stays, for a crash at that moment.
      const { state } = recording;
      try {
        if (state.recording) this.#write(JSON.stringify(recordingPayload(state)));
        else Deno.removeSync(this.#path);
        syncDirectory(this.#directory);
      } catch (error) {
        // A file that is already gone is fine; recording continues in any case.
        if (!(error instanceof Deno.errors.NotFound)) this.#warn("write", error);
      }
    });
  }

  /** Replaces the file atomically; the data are on the disk when this returns. */
  #write(text: string): void {
    Deno.mkdirSync(this.#directory, { recursive: true });
    const next = `${this.#path}.new`;
    {
      using file = Deno.openSync(next, { write: true, create: true, truncate: true });
      const bytes = new TextEncoder().encode(text + "\n");
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
      file.syncSync();
    }
    Deno.renameSync(next, this.#path);
  }

  #warn(action: string, error: unknown): void {
    this.#log.warning(
      `Cannot ${action} ${this.#path}: ${reasonOf(error)}: recording would not survive a crash`,
    );
  }
}

/** A rename is durable only after an fsync of its directory. */
function syncDirectory(path: string): void {
  using directory = Deno.openSync(path);
  directory.syncSync();
}
