import { isReplayed, metadataOf, type ReceivedEnvelope } from "../envelopes/received.ts";

/** Returns true for envelopes with the current recording state: a change, or a status that is not replayed. */
export function isRecordingState(envelope: ReceivedEnvelope): boolean {
  const { type, payload } = envelope;
  if (type === "recording_state") return true;
  return type === "status" && typeof payload["recording"] === "boolean" && !isReplayed(envelope);
}

/** Returns the session id of a `recording_state`; without one, its timestamp. */
export function sessionIdOf({ timestamp, payload }: ReceivedEnvelope): string {
  const id = payload["session_id"];
  return typeof id === "string" && id !== "" ? id : String(timestamp);
}

/** Returns the session in the metadata of a metrics message; undefined if they name none. */
export function sessionOfMetrics(envelope: ReceivedEnvelope): string | undefined {
  const id = metadataOf(envelope)["session_id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}
