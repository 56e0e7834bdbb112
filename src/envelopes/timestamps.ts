import { type EpochUs, epochUs } from "../base/time.ts";
import type { Topic } from "./envelope.ts";

/**
 * Envelope time stamps: strictly increasing for each type, whatever the clocks do. A stamp that
 * would stand still or run back becomes the microsecond after the one before.
 */
export class Timestamps {
  readonly #last = new Map<Topic, EpochUs>();

  /** The stamp for a message of `topic` whose data are of `time`. */
  next(topic: Topic, time: EpochUs): EpochUs {
    const stamp = epochUs(Math.max(Math.round(time), (this.#last.get(topic) ?? 0) + 1));
    this.#last.set(topic, stamp);
    return stamp;
  }
}
