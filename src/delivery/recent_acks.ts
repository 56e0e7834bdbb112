import { type QueuedMetric, toResend } from "./backlog.ts";
import type { SpoolRecord } from "./spool/record.ts";

/** Longest time a server takes to forward what it has acknowledged, in microseconds. Chosen. */
const FORWARDING_US = 1_000_000;

interface Ack {
  readonly record: SpoolRecord;
  /** Number of receivers, if the backend knows it. */
  readonly receivers: number | undefined;
  readonly atUs: number;
}

/**
 * Holds the metrics that were acknowledged recently. A server that dies may have acknowledged a
 * message to the publisher without having forwarded it to subscribers.
 */
export class RecentAcks {
  #acks: Ack[] = [];

  /** Adds a metric that was acknowledged at `nowUs`. */
  add(
    record: SpoolRecord,
    { receivers, nowUs }: { readonly receivers: number | undefined; readonly nowUs: number },
  ): void {
    // A metric is sent again only once, or a link that is lost every second would repeat it forever.
    if ("resent" in record) return;
    this.#acks.push({ record, receivers, atUs: nowUs });
    this.#removeForwarded(nowUs);
  }

  /** Removes the metrics without a receiver: subscribers that came since received a later one. */
  removeUnreceived(): void {
    this.#acks = this.#acks.filter(({ receivers }) => receivers !== 0);
  }

  /** Removes and returns the metrics that may be lost if the link is lost at `nowUs`. */
  drain(nowUs: number): readonly QueuedMetric[] {
    this.#removeForwarded(nowUs);
    return this.#acks.splice(0).map(({ record, atUs }) => toResend(record, atUs));
  }

  #removeForwarded(nowUs: number): void {
    while (this.#acks[0] && this.#acks[0].atUs <= nowUs - FORWARDING_US) this.#acks.shift();
  }
}
