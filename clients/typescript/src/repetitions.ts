import type { MetricEvent } from "./events.ts";

/** Messages of which a repetition is recognized; ten minutes of all metrics. *Chosen.* */
const REMEMBERED = 20_000;

/** Recognizes messages that arrive again, as after a lost acknowledgement or connection. */
export class Repetitions {
  readonly #seen = new Set<string>();
  readonly #remembered: number;

  constructor(remembered: number = REMEMBERED) {
    this.#remembered = remembered;
  }

  /** Returns false for a message that arrived before. */
  isNew(event: MetricEvent): boolean {
    const { type, device, timestamp, payload } = event;
    const metadata = payload.metadata;
    const id = metadata && "sequence" in metadata
      ? `${metadata.boot_id} ${metadata.sequence}`
      : `${timestamp}`;
    const key = `${type} ${id} ${device}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > this.#remembered) {
      // A set keeps the order of insertion.
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
    return true;
  }
}
