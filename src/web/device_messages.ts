import { epochUs } from "../base/time.ts";
import type { FrameImage } from "../envelopes/envelope.ts";
import { MAX_CHARACTERS, parseUntrusted } from "../envelopes/untrusted.ts";
import { isRecord } from "../envelopes/received.ts";
import { parseChannel } from "../transports/redis/channel.ts";
import type { Hub } from "./hub.ts";

/** Passes a message of the channel `{prefix}:{topic}` to the hub; other messages are ignored. */
export function takeMessage(hub: Hub, channel: string, text: string): void {
  const parsed = parseChannel(channel);
  if (!parsed) return;
  const { device, topic } = parsed;
  // Redis limits the length of a frame (--redis_max_bulk_string_bytes).
  const envelope = parseUntrusted(text, topic === "frame" ? Infinity : MAX_CHARACTERS);
  if (topic !== "frame") return hub.publishEnvelope(device, { topic, envelope });
  const frame = frameOf(envelope);
  if (frame) hub.publishFrame(device, frame);
}

function frameOf(envelope: unknown): FrameImage | undefined {
  if (!isRecord(envelope) || !isRecord(envelope["payload"])) return undefined;
  const { data, width, height, sequence } = envelope["payload"];
  if (typeof data !== "string") return undefined;
  try {
    return {
      timestamp: epochUs(count(envelope["timestamp"])),
      sequence: count(sequence),
      width: count(width),
      height: count(height),
      jpeg: Uint8Array.fromBase64(data),
    };
  } catch {
    return undefined;
  }
}

/** The value if it is an integer from 0, otherwise 0. */
function count(value: unknown): number {
  return Number.isSafeInteger(value) && value as number >= 0 ? value as number : 0;
}
