import { reasonOf, UnavailableError } from "../base/errors.ts";
import { parseEnvelope, type ReceivedEnvelope } from "../envelopes/received.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { RecordingFormat } from "./formats/format.ts";
import { isRecordingState, sessionIdOf, sessionOfMetrics } from "./saved_envelope.ts";
import { sealedSessions, SessionFiles, unfinishedSessions } from "./session_files.ts";
import { SessionTimeline } from "./session_timeline.ts";
import type { Vault } from "./vault.ts";

const METRIC_TYPES: readonly string[] = ["core_metrics", "edge_metrics"];
/** The state of a running session is known after this time, as each status repeats it. */
const STATE_KNOWN_US = 10_000_000;
/** Series that change again are derived in at most 1/20 of the time. Chosen. */
const PAUSE_PER_DERIVATION = 20;
/** Time for which a derivation keeps other work waiting, in microseconds. Chosen. */
const PIECE_US = 10_000;
/** Sessions that may begin within a minute, so that invented ids do not fill the disk with files. */
const MAX_NEW_SESSIONS = 60;
const MINUTE_US = 60_000_000;

interface Session {
  readonly files: SessionFiles;
  /** True if the series are older than the lines. */
  changed: boolean;
  /** When the series may be derived next. */
  dueUs: number;
  /** The status that was appended last. */
  statusCode?: unknown;
}

/**
 * Saves sessions to files. Metrics belong to the session of their `metadata.session_id`, or else to
 * that which was recorded at their timestamp, so that messages that are replayed after an outage
 * reach their own session. The `recording_state`, which each status repeats, begins and ends
 * sessions. Of the statuses, those are saved whose code differs from that before.
 */
export class SessionSaver implements AsyncDisposable {
  readonly #directory: string;
  readonly #formats: readonly RecordingFormat[];
  readonly #log: Log;
  readonly #clock: Pick<Clock, "monotonicUs">;
  readonly #vault: Vault | undefined;
  readonly #timeline = new SessionTimeline();
  readonly #sessions = new Map<string, Session>();
  #deriving: Promise<void> = Promise.resolve();
  /** When the sessions of the last minute began. */
  readonly #begunUs: number[] = [];
  #failed = false;

  /** @throws {UnavailableError} if the directory cannot be written */
  constructor({ directory, formats = [], log, clock, vault }: {
    readonly directory: string;
    /** @default none but JSON Lines, JSON and CSV */
    readonly formats?: readonly RecordingFormat[];
    readonly log: Log;
    readonly clock: Pick<Clock, "monotonicUs">;
    /** Encrypts the sessions. @default none */
    readonly vault?: Vault | undefined;
  }) {
    this.#directory = directory;
    this.#formats = formats;
    this.#log = log;
    this.#clock = clock;
    this.#vault = vault;
    this.#orUnavailable(() => {
      Deno.mkdirSync(directory, { recursive: true });
      if (vault) return this.#reportSealed();
      for (const sessionId of unfinishedSessions(directory)) {
        const dueUs = clock.monotonicUs() + STATE_KNOWN_US;
        const files = new SessionFiles({ directory, sessionId, formats });
        this.#sessions.set(sessionId, { files, changed: true, dueUs });
      }
    });
  }

  /** Id of the session that is recorded, if any. */
  get sessionId(): string | undefined {
    return this.#timeline.current;
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
    } else if (envelope.type === "status") {
      const isSaved = isRecordingState(envelope) && this.#addState(envelope);
      this.#addStatus(envelope, isSaved);
    } else if (isRecordingState(envelope)) {
      this.#addState(envelope);
    } else if (METRIC_TYPES.includes(envelope.type)) {
      this.#append(sessionOfMetrics(envelope) ?? this.#timeline.at(envelope.timestamp), envelope);
    }
  }

  /**
   * Derives the series of the sessions that have ended, if they have changed.
   *
   * @throws {UnavailableError} if the files cannot be written
   */
  derive(): Promise<void> {
    return this.#derive((sessionId, { dueUs }) =>
      sessionId !== this.sessionId && this.#clock.monotonicUs() >= dueUs
    );
  }

  /** Derives the series of all sessions that have changed, unless writing has failed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deriving.catch(() => {}); // `derive` has reported it
    if (this.#failed) return;
    await this.#derive(() => true);
    for (const { files } of this.#sessions.values()) files.removeSealed();
    this.#vault?.removeKey();
  }

  /** Reports lines that a run has left that did not end, which only a recipient can read. */
  #reportSealed(): void {
    const sessions = sealedSessions(this.#directory);
    if (sessions === 0) return;
    this.#log.warning("Found sealed sessions of a run that did not end", {
      folder: this.#directory,
      sessions,
    });
  }

  /** Returns true if the state was a change, and was saved. */
  #addState(envelope: ReceivedEnvelope): boolean {
    const { timestamp, payload } = envelope;
    const sessionId = payload["recording"] === true ? sessionIdOf(envelope) : undefined;
    const change = this.#timeline.add({ timestamp, sessionId });
    if (!change) return false;
    this.#append(change.previous, envelope);
    this.#append(sessionId, envelope);
    return true;
  }

  /** Saves the first status of a session, and each that has another code than the one before. */
  #addStatus(envelope: ReceivedEnvelope, isSaved: boolean): void {
    const sessionId = this.#timeline.at(envelope.timestamp);
    const session = sessionId === undefined ? undefined : this.#sessions.get(sessionId);
    const { code } = envelope.payload;
    if (!session || session.statusCode === code) return;
    session.statusCode = code;
    if (!isSaved) this.#append(sessionId, envelope);
  }

  #append(sessionId: string | undefined, envelope: ReceivedEnvelope): void {
    if (sessionId === undefined) return;
    this.#orUnavailable(() => {
      let session = this.#sessions.get(sessionId);
      if (!session) {
        if (!this.#mayBegin()) return;
        const files = new SessionFiles({
          directory: this.#directory,
          sessionId,
          formats: this.#formats,
          vault: this.#vault,
        });
        this.#sessions.set(sessionId, session = { files, changed: true, dueUs: -Infinity });
        this.#log.info(`Saving a session to ${this.#directory}`, { session_id: sessionId });
      }
      session.files.append(envelope);
      session.changed = true;
    });
  }

  #mayBegin(): boolean {
    const nowUs = this.#clock.monotonicUs();
    while (this.#begunUs[0]! <= nowUs - MINUTE_US) this.#begunUs.shift();
    if (this.#begunUs.length < MAX_NEW_SESSIONS) return this.#begunUs.push(nowUs) > 0;
    this.#log.rateLimited("many_sessions", 10, "warning", "Ignored sessions: too many began", {
      per_minute: MAX_NEW_SESSIONS,
    });
    return false;
  }

  #derive(isDue: (sessionId: string, session: Session) => boolean): Promise<void> {
    return this.#deriving = (async () => {
      for (const [sessionId, session] of this.#sessions) {
        if (session.changed && isDue(sessionId, session)) await this.#deriveSession(session);
      }
    })();
  }

  async #deriveSession(session: Session): Promise<void> {
    session.changed = false;
    const startUs = this.#clock.monotonicUs();
    const derivation = session.files.derive();
    let pauseUs = startUs + PIECE_US;
    while (!this.#orUnavailable(() => derivation.next().done)) {
      if (this.#clock.monotonicUs() < pauseUs) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      pauseUs = this.#clock.monotonicUs() + PIECE_US;
    }
    await session.files.encrypt().catch((cause) => this.#fail(cause));
    const endUs = this.#clock.monotonicUs();
    session.dueUs = endUs + PAUSE_PER_DERIVATION * (endUs - startUs);
    this.#log.info(`Saved a session to ${this.#directory}`, {
      session_id: session.files.sessionId,
    });
  }

  #orUnavailable<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      return this.#fail(cause);
    }
  }

  #fail(cause: unknown): never {
    this.#failed = true;
    throw new UnavailableError(`Cannot save to ${this.#directory}: ${reasonOf(cause)}`, { cause });
  }
}
