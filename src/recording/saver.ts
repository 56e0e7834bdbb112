import { reasonOf, UnavailableError } from "../base/errors.ts";
import type { Log } from "../telemetry/log.ts";
import {
  isRecordingState,
  parseEnvelope,
  type SavedEnvelope,
  SessionFiles,
  sessionIdOf,
} from "./session_files.ts";

const METRICS: readonly string[] = ["core_metrics", "edge_metrics"];

/**
 * Opens and closes the files of sessions as `recording_state` says, and fills them. A status says
 * it again, for a saver that came late or missed the change.
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

  /** The session that is being saved, if any. */
  get sessionId(): string | undefined {
    return this.#session?.sessionId;
  }

  /** Begins a session without waiting for a `recording_state`. */
  begin(sessionId: string): void {
    this.#session = new SessionFiles({ directory: this.#directory, sessionId });
    this.#log.info(`Saving session ${sessionId} to ${this.#session.jsonPath}`);
  }

  /**
   * Takes a message as it was published. What is no envelope is passed over.
   *
   * @throws {UnavailableError} where it cannot be saved: that must not pass in silence
   */
  take(text: string): void {
    const envelope = parseEnvelope(text);
    if (!envelope) {
      this.#log.rateLimited(
        "no_envelope",
        10,
        "warning",
        "Passing over a message that is no envelope",
      );
    } else if (isRecordingState(envelope)) {
      this.#saving(() => this.#follow(envelope));
    } else if (METRICS.includes(envelope.type)) {
      this.#saving(() => this.#session?.append(envelope));
    }
  }

  /**
   * Writes the series of the running session as they stand.
   *
   * @throws {UnavailableError} as `take`
   */
  snapshot(): void {
    this.#saving(() => this.#session?.save());
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #saving(act: () => void): void {
    try {
      act();
    } catch (cause) {
      this.#session?.[Symbol.dispose]();
      this.#session = undefined;
      throw new UnavailableError(`Cannot save to ${this.#directory}: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }

  #follow(envelope: SavedEnvelope): void {
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
