import type { Waiting } from "./backlog.ts";
import type { SpoolRecord } from "./spool/record.ts";

/** A server takes less than this to hand on what it acknowledged, microseconds. */
const UNSURE_US = 1_000_000;

/**
 * Metrics that were acknowledged of late: a server that dies tells the publisher first, and may
 * never have told the subscribers.
 */
export class RecentAcks {
  readonly #noted: { readonly record: SpoolRecord; readonly atUs: number }[] = [];

  note(record: SpoolRecord, nowUs: number): void {
    // Where a link is lost every moment, what was received long ago must not go round for ever.
    if ("again" in record) return;
    this.#noted.push({ record, atUs: nowUs });
    this.#forget(nowUs);
  }

  /** Those that may be lost where the link is lost now; they are no longer held here. */
  take(nowUs: number): readonly Waiting[] {
    this.#forget(nowUs);
    // What comes from the spool is older than all that has a ticket.
    return this.#noted.splice(0).map(({ record, atUs }) => ({
      ticket: 0,
      sinceUs: atUs,
      ...record,
      again: true,
    }));
  }

  #forget(nowUs: number): void {
    while (this.#noted[0] && this.#noted[0].atUs <= nowUs - UNSURE_US) this.#noted.shift();
  }
}
