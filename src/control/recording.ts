import type { RecordingStatePayload } from "../envelopes/fields/state.ts";

/** Who asked for a change; `restart` goes on with what a crash interrupted, `end` is our own end. */
export type RecordingOrigin = "flag" | "grpc" | "redis" | "file" | "http" | "restart" | "end";

/** What a client asks for; `sessionId` was checked by whoever parsed it. */
export interface RecordingCommand {
  readonly recording: boolean;
  readonly sessionId?: string;
}

/** Whether a session is being recorded, and which. A session id is set exactly while it is. */
export type RecordingState =
  | {
    readonly recording: true;
    readonly sessionId: string;
    /** Set where a crash has left a gap in the session. */
    readonly resumed?: true;
  }
  | { readonly recording: false };

/** One change, as listeners get it. */
export interface RecordingChange {
  readonly state: RecordingState;
  readonly previous: RecordingState;
  readonly origin: RecordingOrigin;
}

/**
 * What became of a command: `unchanged` asks for what is already so; `stale` would have stopped
 * a session that another has replaced.
 */
export type RecordingOutcome = "changed" | "unchanged" | "stale";

export interface RecordingOptions {
  /** Milliseconds since the Unix epoch, for the ids of sessions that came without one. @default Date.now */
  readonly nowMs?: () => number;
}

/**
 * The one recording state of the appliance. Every change reaches every listener once and in
 * order, also where a listener itself asks for another change.
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
   * Calls back on each change until the returned function is called. A listener that throws takes
   * no change from the others: its error is thrown again outside, where it is nobody's command.
   */
  onChange(listener: (change: RecordingChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Applies a command; a start under another id than the running one begins a new session. */
  apply(command: RecordingCommand, origin: RecordingOrigin): RecordingOutcome {
    const previous = this.#state;
    const named = command.sessionId;
    const another = previous.recording && named !== undefined && named !== previous.sessionId;
    if (command.recording) {
      if (previous.recording && !another) return "unchanged";
      this.#state = {
        recording: true,
        sessionId: named ?? newSessionId(this.#nowMs()),
        ...origin === "restart" ? { resumed: true } : {},
      };
    } else {
      if (!previous.recording) return "unchanged";
      if (another) return "stale";
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

/** The contract's payload of `recording_state`. */
export function recordingPayload(state: RecordingState): RecordingStatePayload {
  if (!state.recording) return { recording: false };
  const { sessionId, resumed } = state;
  return { recording: true, session_id: sessionId, ...resumed ? { resumed } : {} };
}

/** An id for a session that came without one: sorts by time, safe in file names. */
export function newSessionId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const tail = crypto.getRandomValues(new Uint8Array(3)).toHex();
  return `${time}-${tail}`;
}

/** Session ids end up in file names, keys and log lines everywhere, so that bounds are tight. */
const SESSION_ID =
  /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N} ._+@=,~:()-]{0,126}[\p{L}\p{M}\p{N}_+@=~)-])?$/u;
/** `metrics_`, the id and `.jsonl` must fit into the 255 bytes of a file name. */
const MAX_SESSION_ID_BYTES = 200;

/** True for an id of at most 128 characters that no file system takes for a path. */
export function isSessionId(text: string): boolean {
  return text.length <= 256 && SESSION_ID.test(text) &&
    new TextEncoder().encode(text).length <= MAX_SESSION_ID_BYTES;
}
