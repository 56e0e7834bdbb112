import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import {
  isSessionId,
  type Recording,
  type RecordingCommand,
  type RecordingOrigin,
} from "./recording.ts";

/** Maximum size of a command, in bytes; anything larger is rejected before it is decoded. */
export const MAX_COMMAND_BYTES = 4096;

/** Reason for rejecting a command; a label value of `recording_commands_total`. */
export type CommandRejection =
  | "too_large"
  | "not_utf8"
  | "not_json"
  | "not_an_object"
  | "no_recording"
  | "bad_session_id"
  | "bad_expires_at";

export type ParsedCommand =
  | {
    readonly state: "ok";
    readonly command: RecordingCommand;
    /** Time from which on it must not be executed, in microseconds since the Unix epoch. */
    readonly expiresAtUs?: number;
  }
  | { readonly state: "rejected"; readonly reason: CommandRejection };

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses `{"recording": true, "session_id": "optional", "expires_at": 1234567890123456}` from
 * untrusted bytes. Never throws. Unknown keys are ignored; a `session_id` of null or "" and an
 * `expires_at` of null count as absent.
 */
export function parseRecordingCommand(bytes: Uint8Array): ParsedCommand {
  if (bytes.length > MAX_COMMAND_BYTES) return rejected("too_large");
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return rejected("not_utf8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return rejected("not_json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return rejected("not_an_object");
  }
  const { recording, session_id, expires_at: expiresAtUs } = value as Record<string, unknown>;
  if (typeof recording !== "boolean") return rejected("no_recording");
  const sessionId = session_id === "" ? undefined : session_id ?? undefined;
  if (sessionId !== undefined && (typeof sessionId !== "string" || !isSessionId(sessionId))) {
    return rejected("bad_session_id");
  }
  const command = { recording, ...sessionId === undefined ? {} : { sessionId } };
  if (expiresAtUs === undefined || expiresAtUs === null) return { state: "ok", command };
  if (typeof expiresAtUs !== "number") return rejected("bad_expires_at");
  return { state: "ok", command, expiresAtUs };
}

function rejected(reason: CommandRejection): ParsedCommand {
  return { state: "rejected", reason };
}

/** Result of one command; a label value of `recording_commands_total`. */
export type CommandResult = "changed" | "unchanged" | "stale" | "expired" | CommandRejection;

/**
 * Parses and applies the recording commands of all origins, and counts them under
 * `recording_commands_total{origin, result}`. An invalid command causes at most a log line.
 */
export class CommandHandler {
  readonly #recording: Recording;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #nowMs: () => number;

  constructor({ recording, counters, log, nowMs = Date.now }: {
    readonly recording: Recording;
    readonly counters: Counters;
    readonly log: Log;
    /** Milliseconds since the Unix epoch, for commands that expire. @default Date.now */
    readonly nowMs?: () => number;
  }) {
    this.#recording = recording;
    this.#nowMs = nowMs;
    this.#counters = counters;
    this.#log = log;
  }

  /** Parses and applies one command. Never throws. */
  handle(bytes: Uint8Array, origin: RecordingOrigin): CommandResult {
    const parsed = parseRecordingCommand(bytes);
    if (parsed.state === "ok") {
      const { command, expiresAtUs = Infinity } = parsed;
      return this.#nowMs() * 1000 < expiresAtUs
        ? this.apply(command, origin)
        : this.#expire(expiresAtUs, origin);
    }
    this.#counters.add("recording_commands_total", { origin, result: parsed.reason });
    this.#log.rateLimited(
      `bad_command_${origin}`,
      10,
      "warning",
      'Rejected a recording command: send {"recording": true, "session_id": "optional"}',
      { origin, reason: parsed.reason, bytes: bytes.length },
    );
    return parsed.reason;
  }

  #expire(expiresAtUs: number, origin: RecordingOrigin): CommandResult {
    this.#counters.add("recording_commands_total", { origin, result: "expired" });
    this.#log.rateLimited(
      `expired_command_${origin}`,
      10,
      "warning",
      "Dropped a recording command that has expired",
      { origin, late_s: Math.round(this.#nowMs() / 1000 - expiresAtUs / 1e6) },
    );
    return "expired";
  }

  /** Applies a command that was already parsed; its `sessionId` must be valid. */
  apply(command: RecordingCommand, origin: RecordingOrigin): CommandResult {
    const outcome = this.#recording.apply(command, origin);
    this.#counters.add("recording_commands_total", { origin, result: outcome });
    const { state } = this.#recording;
    if (outcome === "changed") {
      this.#log.info(state.recording ? "Recording started" : "Recording stopped", {
        origin,
        session_id: state.recording ? state.sessionId : undefined,
      });
    } else if (outcome === "stale") {
      this.#log.rateLimited(
        `stale_command_${origin}`,
        10,
        "warning",
        "Ignored a command to stop the recording: it names a session that is not the current one",
        { origin, session_id: command.sessionId },
      );
    }
    return outcome;
  }
}
