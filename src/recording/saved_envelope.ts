import { parseUntrusted } from "../envelopes/untrusted.ts";

/** The parts of an envelope that are required to save it. */
export interface SavedEnvelope {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Parses an envelope from untrusted text; returns undefined if it is none. */
export function parseEnvelope(text: string): SavedEnvelope | undefined {
  const value = parseUntrusted(text) as Partial<SavedEnvelope> | null | undefined;
  const isValid = typeof value?.type === "string" && Number.isFinite(value.timestamp) &&
    typeof value.payload === "object" && value.payload !== null && !Array.isArray(value.payload);
  return isValid ? value as SavedEnvelope : undefined;
}

/** Returns true for envelopes with the current recording state: a change, or a status that is not replayed. */
export function isRecordingState({ type, payload }: SavedEnvelope): boolean {
  if (type === "recording_state") return true;
  return type === "status" && typeof payload["recording"] === "boolean" &&
    metadataOf(payload)["replayed"] !== true;
}

/** Returns the session id of a `recording_state`; without one, its timestamp. */
export function sessionIdOf({ timestamp, payload }: SavedEnvelope): string {
  const id = payload["session_id"];
  return typeof id === "string" && id !== "" ? id : String(timestamp);
}

/** Returns the session in the metadata of a metrics message; undefined if they name none. */
export function sessionOfMetrics({ payload }: SavedEnvelope): string | undefined {
  const id = metadataOf(payload)["session_id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}

function metadataOf(payload: SavedEnvelope["payload"]): Readonly<Record<string, unknown>> {
  const metadata = payload["metadata"];
  return typeof metadata === "object" && metadata !== null
    ? metadata as Readonly<Record<string, unknown>>
    : {};
}
