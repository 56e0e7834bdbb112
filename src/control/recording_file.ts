import { reasonOf } from "../base/errors.ts";
import type { Log } from "../telemetry/log.ts";
import { parseRecordingCommand } from "./commands.ts";
import { type Recording, type RecordingCommand, recordingPayload } from "./recording.ts";

const NAME = "recording.json";

/**
 * Remembers a running recording in a folder, so that neither a crash nor a power cut ends it. The
 * file is there exactly while a recording runs, and reads like the command that began it.
 */
export class RecordingFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #log: Log;

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#path = `${folder}/${NAME}`;
    this.#log = log;
  }

  /** The recording that ran when the program ended without being asked to, if any. */
  interrupted(): RecordingCommand | undefined {
    let bytes: Uint8Array;
    try {
      bytes = Deno.readFileSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#complain("read", error);
      return undefined;
    }
    const parsed = parseRecordingCommand(bytes);
    if (parsed.state === "ok" && parsed.command.recording) return parsed.command;
    this.#complain("understand", "it is not what was written there");
    return undefined;
  }

  /** Keeps the file equal to the state from now on. */
  follow(recording: Recording): void {
    recording.onChange(({ state }) => {
      try {
        if (state.recording) this.#write(JSON.stringify(recordingPayload(state)));
        else Deno.removeSync(this.#path);
        syncFolder(this.#folder);
      } catch (error) {
        // Nothing to remove is no harm; the recording itself goes on in any case.
        if (!(error instanceof Deno.errors.NotFound)) this.#complain("write", error);
      }
    });
  }

  /** Replaces the file as a whole, on the disk when this returns. */
  #write(text: string): void {
    Deno.mkdirSync(this.#folder, { recursive: true });
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

  #complain(what: string, error: unknown): void {
    this.#log.warning(
      `Cannot ${what} ${this.#path}: ${reasonOf(error)}: a crash would end the recording`,
    );
  }
}

/** A rename is on the disk only with its folder. */
function syncFolder(path: string): void {
  using folder = Deno.openSync(path);
  folder.syncSync();
}
