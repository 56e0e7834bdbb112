import { type QueuedMetric, toResend } from "./backlog.ts";
import type { SpoolRecord } from "./spool/record.ts";

/**
 * Holds the metrics that reached some subscribers of a topic while others were following to another
 * server, for those others.
 */
export class MissedBySome {
  readonly #missed: { readonly metric: QueuedMetric; readonly receivers: number }[] = [];

  /** Adds a metric that reached only `receivers` subscribers at `nowUs`. */
  add(record: SpoolRecord, { receivers, nowUs }: { receivers: number; nowUs: number }): void {
    this.#missed.push({ metric: toResend(record, nowUs), receivers });
  }

  /**
   * Removes all, and returns those that had fewer receivers. Where the number has not risen, the others
   * have not come back.
   */
  take(receivers: number): readonly QueuedMetric[] {
    return this.#missed.splice(0).filter((each) => each.receivers < receivers)
      .map(({ metric }) => metric);
  }
}
