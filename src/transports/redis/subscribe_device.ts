import { isPattern } from "../../base/glob.ts";
import type { Topic } from "../../envelopes/envelope.ts";
import type { RedisReader } from "./reader.ts";

/**
 * Subscribes to topics of a device, or of all devices whose key prefix matches a pattern. The reader
 * logs what fails, and repeats it.
 */
export function subscribeToDevice(
  reader: Pick<RedisReader, "prefixOf" | "subscribe" | "subscribePattern">,
  device: string,
  topics: readonly Topic[],
): void {
  const channels = topics.map((topic) => `${reader.prefixOf(device)}:${topic}`);
  const subscriptions = isPattern(device)
    ? channels.map((channel) => reader.subscribePattern(channel))
    : [reader.subscribe(...channels)];
  for (const subscription of subscriptions) subscription.catch(() => {});
}
