import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import {
  isSessionId,
  type Recording,
  type RecordingCommand,
  type RecordingOrigin,
} from "./recording.ts";

/** A command is a few dozen bytes; nothing longer is even decoded. */
export const MAX_COMMAND_BYTES = 4096;

/** What is wrong with a command: a label of `recording_commands_total`. */
export type BadCommand =
  | "too_large"
  | "not_utf8"
  | "not_json"
  | "not_an_object"
  | "no_recording"
  | "bad_session_id";

export type ParsedCommand =
  | { readonly state: "ok"; readonly command: RecordingCommand }
  | { readonly state: "bad"; readonly reason: BadCommand };

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads `{"recording": true, "session_id": "optional"}` from bytes that anybody may have sent.
 * Never throws. Unknown keys are ignored; a `session_id` of null or "" is none.
 */
export function parseRecordingCommand(bytes: Uint8Array): ParsedCommand {
  if (bytes.length > MAX_COMMAND_BYTES) return bad("too_large");
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return bad("not_utf8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return bad("not_json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return bad("not_an_object");
  }
  const { recording, session_id: sessionId } = value as Record<string, unknown>;
  if (typeof recording !== "boolean") return bad("no_recording");
  if (sessionId === undefined || sessionId === null || sessionId === "") {
    return { state: "ok", command: { recording } };
  }
  if (typeof sessionId !== "string" || !isSessionId(sessionId)) return bad("bad_session_id");
  return { state: "ok", command: { recording, sessionId } };
}

function bad(reason: BadCommand): ParsedCommand {
  return { state: "bad", reason };
}

/** What became of the bytes of one command. */
export type CommandResult = "changed" | "unchanged" | "stale" | BadCommand;

/**
 * Where raw commands of any origin come in: parsed, applied, counted under
 * `recording_commands_total{origin, result}`, and never worse than a log line.
 */
export class CommandHandler {
  readonly #recording: Recording;
  readonly #counters: Counters;
  readonly #log: Log;

  constructor({ recording, counters, log }: {
    readonly recording: Recording;
    readonly counters: Counters;
    readonly log: Log;
  }) {
    this.#recording = recording;
    this.#counters = counters;
    this.#log = log;
  }

  /** Takes one command as it came. Never throws. */
  take(bytes: Uint8Array, origin: RecordingOrigin): CommandResult {
    const parsed = parseRecordingCommand(bytes);
    if (parsed.state === "ok") return this.apply(parsed.command, origin);
    this.#counters.add("recording_commands_total", { origin, result: parsed.reason });
    this.#log.rateLimited(
      `bad_command_${origin}`,
      10,
      "warning",
      'Cannot understand a recording command: send {"recording": true, "session_id": "optional"}',
      { origin, reason: parsed.reason, bytes: bytes.length },
    );
    return parsed.reason;
  }

  /** The same for a command that another protocol has parsed; `sessionId` must be checked. */
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
        "Cannot stop the recording: the command names another session than the running one",
        { origin, session_id: command.sessionId },
      );
    }
    return outcome;
  }
}
