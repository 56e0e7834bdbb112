import type { ReceivedEnvelope } from "../../envelopes/received.ts";

/** A session whose files are written. */
export interface SavedSession {
  readonly sessionId: string;
  /** Folder of all sessions. */
  readonly directory: string;
  /** The id as a part of a file name. */
  readonly name: string;
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
