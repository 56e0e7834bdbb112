import type { Topic } from "./envelope.ts";

/**
 * Timestamps of envelopes, strictly increasing per topic even if the clock stands still or is set
 * back: such a timestamp is one microsecond after the previous one.
 */
export class Timestamps {
  readonly #last = new Map<Topic, number>();

  /**
   * Returns the timestamp of the next message of `topic`, in microseconds since the epoch.
   *
   * @param epochUs Time of the message's data, in microseconds since the epoch.
   */
  next(topic: Topic, epochUs: number): number {
    const timestamp = Math.max(Math.round(epochUs), (this.#last.get(topic) ?? 0) + 1);
    this.#last.set(topic, timestamp);
    return timestamp;
  }
}
