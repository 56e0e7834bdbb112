import { type Topic, TOPICS } from "../envelopes/envelope.ts";
import { MAX_CHARACTERS, parseUntrusted } from "../envelopes/untrusted.ts";
import type { Hub } from "./hub.ts";

/** Maximum length of a key prefix, which any publisher can choose. */
const MAX_PREFIX_CHARACTERS = 200;

/** Passes a message of the channel `{prefix}:{topic}` to the hub; other messages are ignored. */
export function takeMessage(hub: Hub, channel: string, text: string): void {
  const colon = channel.lastIndexOf(":");
  const device = channel.slice(0, colon);
  const topic = channel.slice(colon + 1) as Topic;
  if (colon < 1 || device.length > MAX_PREFIX_CHARACTERS || !TOPICS.includes(topic)) return;
  // Redis limits the length of a frame (--redis_max_bulk_string_bytes).
  const envelope = parseUntrusted(text, topic === "frame" ? Infinity : MAX_CHARACTERS);
  if (topic !== "frame") return hub.publishEnvelope(device, { topic, envelope });
  const jpeg = jpegOf(envelope);
  if (jpeg) hub.publishFrame(device, jpeg);
}

function jpegOf(envelope: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64((envelope as { payload: { data: string } }).payload.data);
  } catch {
    return undefined;
  }
}
