import type { MetricOutgoing } from "./outgoing.ts";

/** A metric that waits; tickets give the order in which the outbox was handed them. */
export interface Waiting {
  readonly ticket: number;
  readonly outgoing: MetricOutgoing;
}

/** What a queue entry costs beside its bytes, roughly. */
const ENTRY_OVERHEAD_BYTES = 200;

/** Metrics of one topic that could not be sent yet, oldest first, in memory. */
export class Backlog {
  #entries: Waiting[] = [];
  #bytes = 0;

  get length(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Waiting | undefined {
    return this.#entries[0];
  }

  /** The first `count` entries, left in place. */
  first(count: number): readonly Waiting[] {
    return this.#entries.slice(0, count);
  }

  /** Puts an entry where its ticket belongs: what failed while newer ones queued goes before them. */
  insert(entry: Waiting): void {
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1]?.ticket ?? 0) > entry.ticket) at--;
    this.#entries.splice(at, 0, entry);
    this.#bytes += cost(entry);
  }

  /** Takes the `count` oldest away. */
  remove(count: number): readonly Waiting[] {
    const removed = this.#entries.splice(0, count);
    for (const entry of removed) this.#bytes -= cost(entry);
    return removed;
  }
}

function cost({ outgoing }: Waiting): number {
  return outgoing.bytes.length + ENTRY_OVERHEAD_BYTES;
}
