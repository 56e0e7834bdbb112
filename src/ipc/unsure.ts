import type { Waiting } from "./backlog.ts";
import type { SpoolRecord } from "./spool/record.ts";

/** A server takes less than this to hand on what it acknowledged, microseconds. */
const UNSURE_US = 1_000_000;

/**
 * Metrics that were acknowledged of late: a server that dies tells the publisher first, and may
 * never have told the subscribers.
 */
export class Unsure {
  readonly #entries: { readonly entry: Waiting; readonly atUs: number }[] = [];

  note(record: SpoolRecord | Waiting, nowUs: number): void {
    // Where a link is lost every moment, what was received long ago must not go round for ever.
    if ("again" in record) return;
    // What comes from the spool is older than all that has a ticket.
    this.#entries.push({ entry: { ticket: 0, sinceUs: nowUs, ...record }, atUs: nowUs });
    this.#forget(nowUs);
  }

  /** Those that may be lost where the link is lost now; they are no longer held here. */
  take(nowUs: number): readonly Waiting[] {
    this.#forget(nowUs);
    return this.#entries.splice(0).map(({ entry }) => ({ ...entry, again: true }));
  }

  #forget(nowUs: number): void {
    while (this.#entries[0] && this.#entries[0].atUs <= nowUs - UNSURE_US) this.#entries.shift();
  }
}
