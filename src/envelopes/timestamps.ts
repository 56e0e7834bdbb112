import type { Topic } from "./envelope.ts";

/**
 * Envelope time stamps: strictly increasing for each type, whatever the clocks do. A stamp that
 * would stand still or run back becomes the microsecond after the one before.
 */
export class Timestamps {
  readonly #last = new Map<Topic, number>();

  /** The stamp for a message of `topic` whose data are of `epochUs`, microseconds since the epoch. */
  next(topic: Topic, epochUs: number): number {
    const stamp = Math.max(Math.round(epochUs), (this.#last.get(topic) ?? 0) + 1);
    this.#last.set(topic, stamp);
    return stamp;
  }
}
