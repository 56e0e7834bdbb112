import { reasonOf, UnavailableError } from "../base/errors.ts";
import type { Log } from "../telemetry/log.ts";
import {
  isRecordingState,
  parseEnvelope,
  type SavedEnvelope,
  sessionIdOf,
} from "./saved_envelope.ts";
import { SessionFiles } from "./session_files.ts";

const METRIC_TYPES: readonly string[] = ["core_metrics", "edge_metrics"];

/**
 * Saves sessions to files: begins and ends them by the `recording_state`, which each status
 * repeats, and appends the metrics in between.
 */
export class SessionSaver implements Disposable {
  readonly #directory: string;
  readonly #log: Log;
  #session: SessionFiles | undefined;

  constructor({ directory, log }: { readonly directory: string; readonly log: Log }) {
    this.#directory = directory;
    this.#log = log;
    Deno.mkdirSync(directory, { recursive: true });
  }

  /** Id of the session that is being saved, if any. */
  get sessionId(): string | undefined {
    return this.#session?.sessionId;
  }

  /** Begins to save a session. */
  begin(sessionId: string): void {
    this.#session = new SessionFiles({ directory: this.#directory, sessionId });
    this.#log.info(`Saving session ${sessionId} to ${this.#session.jsonPath}`);
  }

  /**
   * Saves a published message; ignores anything that is not an envelope.
   *
   * @throws {UnavailableError} if the files cannot be written
   */
  add(text: string): void {
    const envelope = parseEnvelope(text);
    if (!envelope) {
      this.#log.rateLimited(
        "no_envelope",
        10,
        "warning",
        "Ignored a message that is not an envelope",
      );
    } else if (isRecordingState(envelope)) {
      this.#orUnavailable(() => this.#updateState(envelope));
    } else if (METRIC_TYPES.includes(envelope.type)) {
      this.#orUnavailable(() => this.#session?.append(envelope));
    }
  }

  /**
   * Writes the series of the current session as they are now.
   *
   * @throws {UnavailableError} if the files cannot be written
   */
  snapshot(): void {
    this.#orUnavailable(() => this.#session?.save());
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #orUnavailable(write: () => void): void {
    try {
      write();
    } catch (cause) {
      this.#session?.[Symbol.dispose]();
      this.#session = undefined;
      throw new UnavailableError(`Cannot save to ${this.#directory}: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }

  #updateState(envelope: SavedEnvelope): void {
    const recording = envelope.payload["recording"] === true;
    const sessionId = sessionIdOf(envelope);
    if (this.#session && !(recording && sessionId === this.#session.sessionId)) {
      this.#session.append(envelope);
      this.#close();
    }
    if (recording && !this.#session) {
      this.begin(sessionId);
      this.#session!.append(envelope);
    }
  }

  #close(): void {
    using session = this.#session;
    if (!session) return;
    this.#session = undefined;
    session.save();
    this.#log.info(`Saved ${session.jsonPath}`);
  }
}
