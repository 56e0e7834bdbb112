import type { RecordingStatePayload } from "../envelopes/fields/state.ts";

/**
 * Origin of a change. `restart` resumes a recording that a crash interrupted; `end` is the shutdown
 * of the server.
 */
export type RecordingOrigin =
  | "flag"
  | "grpc"
  | "redis"
  | "mqtt"
  | "file"
  | "http"
  | "restart"
  | "end";

/** A command to start or stop recording; `sessionId` is valid (`isSessionId`). */
export interface RecordingCommand {
  readonly recording: boolean;
  readonly sessionId?: string;
}

/** The recording state; a session id is set exactly while recording. */
export type RecordingState =
  | {
    readonly recording: true;
    readonly sessionId: string;
    /** Set if a crash has left a gap in the session. */
    readonly resumed?: true;
  }
  | { readonly recording: false };

/** A change of the recording state. */
export interface RecordingChange {
  readonly state: RecordingState;
  readonly previous: RecordingState;
  readonly origin: RecordingOrigin;
}

/**
 * Outcome of a command: `unchanged` if it asks for the current state; `stale` if it names a session
 * that another one has replaced.
 */
export type RecordingOutcome = "changed" | "unchanged" | "stale";

export interface RecordingOptions {
  /** Milliseconds since the Unix epoch, for generated session ids. @default Date.now */
  readonly nowMs?: () => number;
}

/**
 * The recording state of the server. Every change reaches every listener once and in order, even
 * if a listener causes another change.
 *
 * @example
 * ```ts
 * const recording = new Recording();
 * recording.onChange(({ state }) => console.log(recordingPayload(state)));
 * recording.apply({ recording: true, sessionId: "visit-7" }, "redis"); // "changed"
 * ```
 */
export class Recording {
  #state: RecordingState = { recording: false };
  readonly #listeners = new Set<(change: RecordingChange) => void>();
  readonly #pending: RecordingChange[] = [];
  #delivering = false;
  readonly #nowMs: () => number;

  constructor({ nowMs = Date.now }: RecordingOptions = {}) {
    this.#nowMs = nowMs;
  }

  get state(): RecordingState {
    return this.#state;
  }

  /**
   * Adds a listener and returns a function that removes it. If a listener throws, the others still
   * receive the change, and the error is reported as uncaught instead of failing the command.
   */
  onChange(listener: (change: RecordingChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Applies a command. A start with another id than the current one ends that session, which is a
   * change of its own, and begins a new one.
   */
  apply(command: RecordingCommand, origin: RecordingOrigin): RecordingOutcome {
    let previous = this.#state;
    const requestedId = command.sessionId;
    const isOtherSession = previous.recording && requestedId !== undefined &&
      requestedId !== previous.sessionId;
    if (command.recording) {
      if (previous.recording && !isOtherSession) return "unchanged";
      if (isOtherSession) {
        const stopped = { recording: false } as const;
        this.#pending.push({ state: stopped, previous, origin });
        previous = stopped;
      }
      this.#state = {
        recording: true,
        sessionId: requestedId ?? newSessionId(this.#nowMs()),
        ...origin === "restart" ? { resumed: true } : {},
      };
    } else {
      if (!previous.recording) return "unchanged";
      if (isOtherSession) return "stale";
      this.#state = { recording: false };
    }
    this.#pending.push({ state: this.#state, previous, origin });
    this.#deliver();
    return "changed";
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    for (let change = this.#pending.shift(); change; change = this.#pending.shift()) {
      for (const listener of [...this.#listeners]) {
        try {
          listener(change);
        } catch (error) {
          reportError(error);
        }
      }
    }
    this.#delivering = false;
  }
}

/** Returns the payload of a `recording_state` envelope. */
export function recordingPayload(state: RecordingState): RecordingStatePayload {
  if (!state.recording) return { recording: false };
  const { sessionId, resumed } = state;
  return { recording: true, session_id: sessionId, ...resumed ? { resumed } : {} };
}

/** Generates a session id that sorts by time and is safe in file names. */
export function newSessionId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const suffix = crypto.getRandomValues(new Uint8Array(3)).toHex();
  return `${time}-${suffix}`;
}

/** Session ids become part of file names, keys and log lines, so the allowed characters are few. */
const SESSION_ID =
  /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N} ._+@=,~:()-]{0,126}[\p{L}\p{M}\p{N}_+@=~)-])?$/u;
/** `metrics_`, the id and `.jsonl` must fit into the 255 bytes of a file name (NAME_MAX). */
const MAX_SESSION_ID_BYTES = 200;

/** Returns true for an id of at most 128 characters that is safe as part of a file name. */
export function isSessionId(text: string): boolean {
  return text.length <= 256 && SESSION_ID.test(text) &&
    new TextEncoder().encode(text).length <= MAX_SESSION_ID_BYTES;
}
