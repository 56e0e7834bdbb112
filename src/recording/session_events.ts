import { recordingEvent, statusEvent, vitalEvent } from "../envelopes/event_text.ts";
import { type ReceivedEnvelope, recordOf, strictOf } from "../envelopes/received.ts";
import { sessionIdOf } from "./saved_envelope.ts";
import { type Vital, VITALS } from "./session_signals.ts";

/** Characters of a name or reason, of which a hostile publisher can invent any. */
const MAX_CHARACTERS = 40;

/** Something that happened at a time of a session. */
export interface SessionEvent {
  /** Microseconds since the Unix epoch. */
  readonly timeUs: number;
  /** Printable ASCII. */
  readonly text: string;
}

/** Finds the beats and the changes of state in the envelopes of a session, which come in order. */
export class SessionEvents {
  readonly #sessionId: string;
  readonly #vitals = new Map<Vital, string>();
  #status: string | undefined;
  #isRecording: boolean | undefined;

  constructor(sessionId: string) {
    this.#sessionId = sessionId;
  }

  /** Returns the events of an envelope. */
  of(envelope: ReceivedEnvelope): SessionEvent[] {
    if (envelope.type === "core_metrics") {
      return [...beatsOf(envelope), ...VITALS.flatMap((vital) => this.#vital(vital, envelope))];
    }
    return [...this.#recording(envelope), ...this.#statusChange(envelope)];
  }

  #vital(vital: Vital, { timestamp, payload }: ReceivedEnvelope): SessionEvent[] {
    const isMeasured = Number.isFinite(strictOf(payload, vital)["value"]);
    const reason = recordOf(payload["withheld"])[vital];
    const text = vitalEvent(vital, isMeasured ? undefined : nameOf(reason));
    if (this.#vitals.get(vital) === text) return [];
    this.#vitals.set(vital, text);
    return [{ timeUs: timestamp, text }];
  }

  /** A status repeats the recording state, and names its session if that has an id. */
  #recording(envelope: ReceivedEnvelope): SessionEvent[] {
    const { type, timestamp, payload } = envelope;
    const isOn = payload["recording"];
    if (typeof isOn !== "boolean") return [];
    if (type === "status" && isOn && payload["session_id"] === undefined) return [];
    const isRecording = isOn && sessionIdOf(envelope) === this.#sessionId;
    if (isRecording === (this.#isRecording ?? false)) return [];
    this.#isRecording = isRecording;
    return [{ timeUs: timestamp, text: recordingEvent(isRecording) }];
  }

  #statusChange({ type, timestamp, payload }: ReceivedEnvelope): SessionEvent[] {
    if (type !== "status") return [];
    const status = nameOf(payload["name"]);
    if (status === this.#status) return [];
    this.#status = status;
    return [{ timeUs: timestamp, text: statusEvent(status) }];
  }
}

function beatsOf({ payload }: ReceivedEnvelope): SessionEvent[] {
  const { beats } = recordOf(payload["pulse"]);
  if (!Array.isArray(beats)) return [];
  return beats.flatMap((beat) => {
    const { timestamp } = recordOf(beat);
    return Number.isFinite(timestamp) ? [{ timeUs: timestamp as number, text: "Beat" }] : [];
  });
}

/** Returns a name from an untrusted message as an identifier. */
function nameOf(value: unknown): string {
  if (typeof value !== "string" || value === "") return "unknown";
  return value.slice(0, MAX_CHARACTERS).replaceAll(/\W/g, "_");
}
