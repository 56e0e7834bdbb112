import { type EpochUs, epochUs } from "../base/time.ts";
import type { Topic } from "./envelope.ts";

/**
 * Timestamps of envelopes, strictly increasing per topic even if the clock stands still or is set
 * back: such a timestamp is one microsecond after the previous one.
 */
export class Timestamps {
  readonly #last = new Map<Topic, EpochUs>();

  /**
   * Returns the timestamp of the next message of `topic`.
   *
   * @param time Time of the message's data.
   */
  next(topic: Topic, time: EpochUs): EpochUs {
    const timestamp = epochUs(Math.max(Math.round(time), (this.#last.get(topic) ?? 0) + 1));
    this.#last.set(topic, timestamp);
    return timestamp;
  }
}
