import type { ReceivedEnvelope } from "../../envelopes/received.ts";
import type { ReplacedFile } from "../replaced_file.ts";

/** A session whose files are written. */
export interface SavedSession {
  readonly sessionId: string;
  /** Folder of all sessions. */
  readonly directory: string;
  /** Opens `metrics_{id}` with an ending, such as `.mcap`; encrypted if the session is. */
  replace(ending: string): ReplacedFile;
  /**
   * Yields the envelopes from the first one on, those of each type in the order of their timestamps,
   * and undefined now and then, so that the caller can pause.
   */
  envelopes(): Generator<ReceivedEnvelope | undefined, void, void>;
}

/** Writes the files of a format. */
export interface RecordingFormat {
  /**
   * Writes the files of a session, each complete or not at all. Yields often, so that the caller can
   * do other work.
   */
  write(session: SavedSession): Generator<void, void, void>;
}
