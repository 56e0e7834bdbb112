import { type Topic, TOPICS } from "../../envelopes/envelope.ts";
import { untaggedPrefix } from "./partition.ts";

/** Maximum length of a key prefix, which any publisher can choose, in characters. */
export const MAX_PREFIX_CHARACTERS = 200;

/** A channel `{prefix}:{topic}`, whose prefix names the device after its partition. */
export interface DeviceChannel {
  readonly device: string;
  readonly topic: Topic;
}

/** Parses the name of a channel; returns undefined for one of no device. */
export function parseChannel(channel: string): DeviceChannel | undefined {
  const colon = channel.lastIndexOf(":");
  const device = untaggedPrefix(channel.slice(0, colon));
  const topic = channel.slice(colon + 1) as Topic;
  if (colon < 1 || device === "" || device.length > MAX_PREFIX_CHARACTERS) return undefined;
  return TOPICS.includes(topic) ? { device, topic } : undefined;
}
