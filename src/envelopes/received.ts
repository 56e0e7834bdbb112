import { parseUntrusted } from "./untrusted.ts";

/** An envelope from any publisher: its payload can hold anything. */
export interface ReceivedEnvelope {
  readonly type: string;
  /** Microseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Parses an envelope from untrusted text; returns undefined if it is none. */
export function parseEnvelope(text: string): ReceivedEnvelope | undefined {
  return asReceived(parseUntrusted(text));
}

/** Returns the value if it is an envelope, otherwise undefined. */
export function asReceived(value: unknown): ReceivedEnvelope | undefined {
  if (!isRecord(value)) return undefined;
  const { type, timestamp, payload } = value;
  const isValid = typeof type === "string" && Number.isFinite(timestamp) && isRecord(payload);
  return isValid ? value as unknown as ReceivedEnvelope : undefined;
}

/** Returns the metadata of a message; empty if it has none. */
export function metadataOf({ payload }: ReceivedEnvelope): Readonly<Record<string, unknown>> {
  return recordOf(payload["metadata"]);
}

/** Returns true for a message that its device has sent again after an outage. */
export function isReplayed(envelope: ReceivedEnvelope): boolean {
  return metadataOf(envelope)["replayed"] === true;
}

/** Returns true for an object that is neither null nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the value if it is an object, otherwise an empty one. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

/** Returns what the payload of core metrics has as the value of a vital sign for a person. */
export function strictOf(
  payload: ReceivedEnvelope["payload"],
  vital: "pulse" | "breathing",
): Readonly<Record<string, unknown>> {
  return recordOf(recordOf(payload[vital])["strict"]);
}
